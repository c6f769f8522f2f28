"""What was measured, printed as it comes, with its limit beside it."""

import json


class Figures:
    """What was measured, printed as it comes."""

    def __init__(self, as_json):
        self.as_json, self.missed = as_json, 0

    def add(self, name, value, unit, limit=None):
        missed = limit is not None and value > limit
        self.missed += missed
        if self.as_json:
            print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "limit": limit}), flush=True)
        else:
            against = "" if limit is None else f"(limit {limit:g}{' MISSED' if missed else ''})"
            print(f"{name:<62}{value:>10.2f} {unit:<7}{against}", flush=True)

    def tell(self, words):
        """A line that is no figure: what was left out, or an interval beside a figure."""
        if self.as_json:
            print(json.dumps({"note": words}), flush=True)
        else:
            print(words, flush=True)
