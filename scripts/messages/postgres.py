#!/usr/bin/env python3
"""Makes assets/errors/messages/postgres*.tsv: by which words a PostgreSQL error is told from its text alone.

    scripts/messages/postgres.py SOURCE...

Each SOURCE is a source tree of PostgreSQL, one for every major version that shall be known. The C sources say which
SQLSTATE comes with which message; the message files (po) beside them say the same messages in the other languages.
A skeleton is the message with `*` for whatever the server puts in. Only the standard library is needed.
"""
import collections
import gettext
import pathlib
import re
import sys

OUT = pathlib.Path(__file__).resolve().parents[2] / "assets" / "errors" / "messages"
WHERE = ["src/backend", "src/common", "src/pl/plpgsql", "src/pl/plperl", "src/pl/plpython", "src/pl/tcl",
         "src/port", "src/timezone", "src/include", "contrib"]
CLIENT = "src/interfaces/libpq"
# Catalogues whose messages a server prints; the client library's are read apart.
DOMAINS = ["src/backend/po", "src/pl/plpgsql/src/po", "src/pl/plperl/po", "src/pl/plpython/po", "src/pl/tcl/po"]

# One message, several codes: the commoner one, where counting the places that raise it says otherwise.
PREFERRED = {
    'cannot attach index "*" as a partition of index "*"': "42P17",
    "tables declared WITH OIDS are not supported": "0A000",
    'password authentication failed for user "*"': "28P01",
}

# Messages whose words come from where no call shows them: grammars, libraries, the client.
ADDED = [
    ("42601", '* at or near "*"'),
    ("42601", "* at end of input"),
    ("42601", 'syntax error at or near "*"'),
    ("42601", "syntax error at end of input"),
    ("22P02", "invalid input syntax for type *"),
    ("08P01", "invalid frontend message type *"),
]

# The types of time raise another code than all others do with the same message, from a place that they share.
WRONG_INPUT = 'invalid input syntax for type %s: "%s"'
TIME_CODE = "22007"
TIME_TYPES = ["date", "interval", "time", "time with time zone", "timestamp", "timestamp with time zone"]

# What a parser says of the word that it stumbles over is put before this.
AT_WORD = '%s at or near "%s"'
SYNTAX_CODE = "42601"

# The reasons of the operating system that decide a code, as the C library has them (src/backend/utils/error/elog.c
# says which are told apart); its own message files say them in other languages.
REASONS = ["Operation not permitted", "Permission denied", "Read-only file system", "No such file or directory",
           "File exists", "Not a directory", "Is a directory", "Directory not empty", "No space left on device",
           "Disk quota exceeded", "Cannot allocate memory", "Too many open files", "Input/output error"]
C_LIBRARY = pathlib.Path("/usr/share/locale")

# Codes that a raised level means when the call gives none.
WITHOUT_CODE = {"error": "XX000", "warning": "01000", "log": "00000"}
# Messages with an operating system's reason at the end: the reason decides, and this stands for all of them.
FILE_ACCESS, SOCKET_ACCESS = "58030", "08006"

CALL = re.compile(r"\b(ereport|elog|errsave|ereturn|xml_ereport|GUC_check_errmsg|PLy_elog|ereport_domain)\s*\(")
TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|//[^\n]*|[()\[\]{},?:;]|[A-Za-z_]\w*|\s+|.', re.S)
FORMAT = re.compile(r"%(?:\d+\$)?[-+ #0']*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|t|j)?([a-zA-Z%])")
PASTED = re.compile(r"^(?:U?INT64_FORMAT|SIZE_FORMAT|PRI[dux](?:64|PTR|32)|INT64_MODIFIER|XID_FMT|.*_FORMAT)$")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}


def main():
    sources = [pathlib.Path(a) for a in sys.argv[1:]]
    if not sources:
        sys.exit(__doc__)
    votes = collections.defaultdict(collections.Counter)  # message format -> code -> places
    translations = collections.defaultdict(lambda: collections.defaultdict(set))  # language -> format -> texts
    words = collections.defaultdict(set)
    stumbles = {"syntax error"}  # what parsers say of a word
    for source in sources:
        names = error_codes(source / "src/backend/utils/errcodes.txt")
        paths = sorted(p for folder in WHERE for p in (source / folder).rglob("*.[chyl]"))
        texts = [p.read_text("utf8", "replace") for p in paths
                 if not re.search(r"/test/|/snowball/|ora_|ivorysql|/bin/|/ecpg/", p.as_posix())]
        handed = {}  # (function, place of the argument) -> (code, level) of the message that it is handed
        for text in texts:
            read_file(text, names, votes, handed)
        for text in texts:
            read_callers(text, handed, votes, stumbles)
        for path in sorted((source / CLIENT).glob("*.c")):
            read_client(path, votes)
        for domain in DOMAINS + [CLIENT + "/po"]:
            for po in sorted((source / domain).glob("*.po")):
                language = po.stem
                for message, texts in read_po(po.read_text("utf8", "replace")):
                    translations[language][message].update(texts)
                    word = WORDS.get(message)
                    if word:
                        words[(language, word)].update(t.strip() for t in texts)
    for name in TIME_TYPES:
        vote(votes, WRONG_INPUT.replace("%s", name, 1), TIME_CODE, "error")
    add_made_up(translations, stumbles, votes)
    chosen = choose(votes)
    write("postgres.tsv", {skeleton: code for skeleton, (code, _) in chosen.items()}, "English")
    for language, messages in sorted(translations.items()):
        write(f"postgres.{language}.tsv", translated(messages, votes, chosen), language)
    write_words(words)


# --- the C sources -------------------------------------------------------------------------------------------------

def error_codes(path):
    """Macro name -> SQLSTATE."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {f[2]: f[0] for f in lines if len(f) >= 3 and re.fullmatch(r"[0-9A-Z]{5}", f[0])}


def read_file(text, names, votes, handed):
    bounds = [m.start() for m in re.finditer(r"^[{}]", text, re.M)]
    for call in CALL.finditer(text):
        arguments = balanced(text, call.end())
        if arguments is None:
            continue
        function = enclosing(text, call.start(), bounds)
        if call.group(1) == "GUC_check_errmsg":
            read_check(text[max(0, call.start() - 300):call.start()], arguments, names, votes)
        else:
            read_call(call.group(1), arguments, function, text, names, votes)
            note_parameter(call.group(1), arguments, function, names, handed)
    # What DROP and its kind say of an object that is missing or of another kind stands in a table.
    rows = re.finditer(r"\{\s*RELKIND_\w+,\s*(ERRCODE_\w+),\s*((?:gettext_noop\([^)]*\),?\s*)+)\}", text)
    for row in rows:
        said = literals(row.group(2), "")
        for message, code in zip(said, [names.get(row.group(1)), "00000", "42809"]):
            vote(votes, message, code, "error" if code != "00000" else "log")
    # The words of pgcrypto's errors stand in another table, and come with one code.
    for row in re.finditer(r"\{\s*PXE_\w+,\s*(\"[^\n]*\")\s*\}", text):
        for message in literals(row.group(1), ""):
            vote(votes, message, "39000", "error")


def read_check(before, arguments, names, votes):
    """What the check of a setting says; its code, where it is a special one, is set just before."""
    code = re.findall(r"GUC_check_errcode\(\s*(ERRCODE_\w+)\s*\)", before.rpartition("}")[2])
    for message in literals(split(arguments)[0], ""):
        vote(votes, message, names.get(code[-1]) if code else "22023", "error")


def read_call(name, arguments, function, text, names, votes):
    parts = split(arguments)
    if name == "xml_ereport":
        if len(parts) >= 4:
            for message in literals(parts[3], function):
                vote(votes, message, names.get(parts[2].strip()), "error")
        return
    level = level_of("ERROR" if name in ("errsave", "ereturn") else parts[0], function)
    if level is None:
        return
    if name in ("elog", "PLy_elog"):
        for message in messages_of(parts[1:], function, text):
            vote(votes, message, WITHOUT_CODE[level] if name == "elog" else "38000", level)
        return
    if "errmsg" not in arguments:
        return
    code = code_of(arguments, function, names) or WITHOUT_CODE[level]
    for call in re.finditer(r"\berrmsg(_internal|_plural)?\s*\(", arguments):
        said = balanced(arguments, call.end())
        if said is None:
            continue
        inner = split(said)
        # The number of a plural is no text to put in, and its second form is no argument.
        plural = call.group(1) == "_plural"
        for message in messages_of(inner[:1] if plural else inner, function, text):
            vote(votes, message, code, level)
        if plural and len(inner) > 1:
            for message in literals(inner[1], function):
                vote(votes, message, code, level)


def note_parameter(name, arguments, function, names, handed):
    """A function that raises a message which its callers hand to it."""
    said = re.search(r"\berrmsg(?:_internal)?\s*\(\s*(?:\"%s\",\s*)?(?:_\s*\(\s*)?(\w+)\s*\)?\s*[,)]", arguments)
    head = re.search(r"^(\w+)\s*\(([^{]*)\)\s*\n\{", function, re.M)
    if name not in ("ereport", "errsave", "ereturn") or not said or not head:
        return
    taken = [(re.findall(r"\w+", p) or [""])[-1] for p in head.group(2).split(",")]
    if said.group(1) in taken:
        level = level_of(split(arguments)[0] if name == "ereport" else "ERROR", "")
        if level:
            place = (head.group(1), taken.index(said.group(1)))
            handed[place] = (code_of(arguments, function, names) or WITHOUT_CODE[level], level)


def read_callers(text, handed, votes, stumbles):
    functions = {function for function, _ in handed}
    if not functions:
        return
    for call in re.finditer(rf"\b({'|'.join(sorted(functions))})\s*\(", text):
        arguments = balanced(text, call.end())
        parts = split(arguments) if arguments else []
        for i, part in enumerate(parts):
            if '"' in part and (call.group(1), i) in handed:
                code, level = handed[(call.group(1), i)]
                for message in literals(part, ""):
                    vote(votes, message, code, level)
                    if call.group(1).endswith("yyerror"):
                        stumbles.add(message)


def level_of(text, function):
    """error, warning or log; None for what is only for developers."""
    words = set(re.findall(r"\w+", text))
    if words & {"ERROR", "FATAL", "PANIC"} or "data_sync_elevel" in words:
        return "error"
    if words & {"WARNING", "WARNING_CLIENT_ONLY"}:
        return "warning"
    if words & {"LOG", "NOTICE", "INFO", "COMMERROR", "LOG_SERVER_ONLY"}:
        return "log"
    if any(w.startswith("DEBUG") or w.endswith("DEBUG") for w in words):
        return None
    # A level that is worked out: its first value in the function tells, and an error where none is to be seen.
    name = text.strip()
    set_to = re.search(rf"\b{re.escape(name)}\s*=\s*([^;]*);", function) if name.isidentifier() else None
    return (level_of(set_to.group(1), "") if set_to else None) or "error"


def code_of(arguments, function, names):
    known = re.search(r"\bERRCODE_\w+", arguments)
    if known:
        return names.get(known.group(0))
    if "errcode_for_file_access" in arguments:
        return FILE_ACCESS
    if "errcode_for_socket_access" in arguments:
        return SOCKET_ACCESS
    variable = re.search(r"\berrcode\s*\(\s*(\w+)\s*\)", arguments)
    if variable:
        set_to = re.search(rf"\b{variable.group(1)}\s*=\s*(ERRCODE_\w+)", function)
        return names.get(set_to.group(1)) if set_to else None
    return None


def messages_of(parts, function, text):
    """The formats that the first argument can be; through "%s" or a variable, those that the function makes."""
    said = literals(parts[0], function) if parts else []
    table = re.match(r"\s*(\w+)\s*\[", parts[0]) if parts else None
    if table and not said:
        rows = re.search(rf"\b{table.group(1)}\s*\[\w*\]\s*=\s*\{{(.*?)\}};", text, re.S)
        return literals(rows.group(1), "") if rows else []
    if said == ["%s"] and len(parts) > 1:
        return literals(parts[1], function)
    return [put_in(message, parts[1:]) for message in said] + said


def put_in(message, arguments):
    """The format with those arguments in it that are plain texts."""
    rest = iter(arguments)

    def one(part):
        if part.group(1) == "%" or "$" in part.group(0):
            return part.group(0)
        argument = next(rest, "").strip()
        return unquote(argument).replace("%", "%%") if re.fullmatch(r'"(?:\\.|[^"\\])*"', argument) else part.group(0)
    return FORMAT.sub(one, message)


def literals(expression, function):
    """Every text in an expression, neighbours pasted together; of a variable, every text that it is set to."""
    name = expression.strip()
    wrapped = re.fullmatch(r"(?:_|gettext|dgettext)\s*\(\s*(\w+)\s*\)", name)
    name = wrapped.group(1) if wrapped else name
    if name.isidentifier() and function:
        values = re.findall(rf"(?<![\w.>])\b{name}\s*=\s*([^;]*);", function)
        return [text for value in values for text in literals(value, "")]
    found, current = [], None
    for token in TOKEN.findall(expression):
        if token.startswith('"'):
            current = (current or "") + unquote(token)
        elif PASTED.match(token) and current is not None:
            # `"%" PRIu64`: the percent sign stands there already.
            current += "u" if current.endswith("%") else "%u"
        elif token.isspace() or token == "\\" or token.startswith(("/*", "//")):
            continue
        elif current is not None:
            found.append(current)
            current = None
    return found + ([current] if current is not None else [])


def unquote(token):
    return re.sub(r"\\([0-7]{3}|x[0-9a-fA-F]{2}|.)", lambda m: ESCAPES.get(m.group(1), m.group(0)), token[1:-1], flags=re.S)


def balanced(text, start):
    """What stands between the bracket before `start` and its partner."""
    depth = 1
    for token in TOKEN.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0:
            return text[start:token.start()]
        if token.start() - start > 6000:
            return None
    return None


def split(arguments):
    parts, depth = [""], 0
    for token in TOKEN.findall(arguments):
        if token.startswith(("/*", "//")):
            continue
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(token, 0)
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return parts


def enclosing(text, at, bounds):
    """The function around a place, with its head."""
    before = [b for b in bounds if b < at and text[b] == "{"]
    start = text.rfind("\n\n", 0, before[-1]) + 2 if before else 0
    end = next((b for b in bounds if b > at and text[b] == "}"), len(text))
    return text[start:end]


def read_client(path, votes):
    """What libpq says has no SQLSTATE; the classes for a connection that is not made, and one that broke, fit."""
    made = path.stem in ("fe-connect", "fe-auth", "fe-auth-scram", "fe-auth-oauth", "fe-gssapi-common", "fe-secure-common")
    calls = r"\b(?:libpq_gettext|libpq_append_conn_error|libpq_append_error)\s*\("
    text = path.read_text("utf8", "replace")
    if path.stem not in ("fe-secure", "fe-secure-openssl", "fe-secure-gssapi", "fe-misc") and not made:
        return
    for call in re.finditer(calls, text):
        arguments = balanced(text, call.end())
        if arguments is None:
            continue
        parts = split(arguments)
        for message in literals(parts[0] if '"' in parts[0] else parts[-1] if len(parts) < 2 else parts[1], ""):
            vote(votes, message.rstrip("\n"), "08001" if made else "08006", "client")


# --- skeletons -----------------------------------------------------------------------------------------------------

def vote(votes, message, code, level):
    # An error counts before a warning, and a code that somebody chose before the one of all internal errors.
    weight = {"error": 1000, "client": 100, "warning": 10, "log": 1}[level]
    if code == "XX000":
        weight = 20
    if code:
        votes[message][code] += weight


def skeleton_of(message):
    """`None` where too little is left to tell anything by."""
    out, at = [], 0
    for part in FORMAT.finditer(message):
        out.append(escaped(message[at:part.start()]))
        out.append("%" if part.group(1) == "%" else "*")
        at = part.end()
    out.append(escaped(message[at:]))
    skeleton = re.sub(r"(?<!\\)\*{2,}", "*", "".join(out)).strip()
    letters = sum(c.isalpha() for c in skeleton)
    return skeleton if letters >= 4 or any(c > "\u2e80" for c in skeleton) else None


def escaped(text):
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "")


def choose(votes):
    """Skeleton -> (code, weight): the code of most places."""
    by_skeleton = collections.defaultdict(collections.Counter)
    for message, codes in votes.items():
        skeleton = skeleton_of(message)
        if skeleton:
            by_skeleton[skeleton].update(codes)
    for code, skeleton in ADDED:
        by_skeleton[skeleton][code] += 10**6
    chosen = {}
    for skeleton, codes in by_skeleton.items():
        code, weight = max(codes.items(), key=lambda c: (c[1], c[0]))
        chosen[skeleton] = (PREFERRED.get(skeleton, code), weight)
    return chosen


def add_made_up(translations, stumbles, votes):
    """Messages that are put together of two, in each language as in English."""
    for said in stumbles:
        vote(votes, AT_WORD.replace("%s", said.replace("%", "%%"), 1), SYNTAX_CODE, "error")
    for messages in translations.values():
        for name in TIME_TYPES:
            message = WRONG_INPUT.replace("%s", name, 1)
            messages[message] = {first_put_in(t, name) for t in messages.get(WRONG_INPUT, ())}
        for said in stumbles:
            message = AT_WORD.replace("%s", said.replace("%", "%%"), 1)
            messages[message] = {first_put_in(t, part) for t in messages.get(AT_WORD, ()) for part in messages.get(said, ())}


def first_put_in(text, value):
    """The format with a value for its first argument, wherever that stands."""
    place = "%1$s" if "%1$s" in text else "%s"
    return text.replace(place, value.replace("%", "%%"), 1)


def translated(messages, votes, chosen):
    """Skeleton in the language -> code; of errors only, for what is no error carries no code of its own."""
    best = {}
    for message, texts in messages.items():
        if message not in votes:
            continue
        code, weight = chosen.get(skeleton_of(message), (None, 0))
        if code is None or weight < 20:
            continue
        for text in texts:
            skeleton = skeleton_of(text)
            if skeleton and skeleton not in chosen and weight > best.get(skeleton, ("", 0))[1]:
                best[skeleton] = (code, weight)
    return {skeleton: code for skeleton, (code, _) in best.items()}


# --- the message files ---------------------------------------------------------------------------------------------

def read_po(text):
    """(message, its translations) for all that are translated and not in doubt."""
    for block in re.split(r"\n\s*\n", text):
        if re.search(r"^#,.*fuzzy", block, re.M) or "\nmsgstr" not in block:
            continue
        fields = collections.defaultdict(str)
        name = None
        for line in block.splitlines():
            start = re.match(r'(msgid_plural|msgid|msgstr(?:\[\d\])?|msgctxt)\s+(".*")\s*$', line)
            if start:
                name, quoted = start.groups()
            elif line.startswith('"') and name:
                quoted = line.strip()
            else:
                continue
            fields[name] += unquote(quoted)
        texts = {v for k, v in fields.items() if k.startswith("msgstr") and v}
        for key in ("msgid", "msgid_plural"):
            if fields.get(key) and texts:
                yield fields[key], texts


# Words that frame a message, as the server and the client library print them.
WORDS = {
    "ERROR": "error", "FATAL": "fatal", "PANIC": "panic", "WARNING": "warning", "NOTICE": "notice", "LOG": "log",
    "INFO": "info", "DEBUG": "debug", "DETAIL:  ": "detail", "HINT:  ": "hint", "CONTEXT:  ": "context",
    "QUERY:  ": "query", "STATEMENT:  ": "statement", "LOCATION:  ": "location", "LINE %d: ": "line",
    " at character %d": "at character",
    "canceling statement due to statement timeout": "statement timeout",
}


def write_words(words):
    head = ["# Words around PostgreSQL's messages, and one message whose kind its code does not tell: language, word, text.",
            "# Made by scripts/messages/postgres.py from the message files of PostgreSQL's source."]
    for text, word in WORDS.items():
        words[("en", word)].add(text.strip())
    for language in {language for language, _ in words} - {"en"}:
        library = gettext.translation("libc", C_LIBRARY, [language], fallback=True)
        for reason in REASONS:
            if library.gettext(reason) != reason:
                words[(language, reason)].add(library.gettext(reason))
    lines = [f"{language}\t{word}\t{escaped(text.replace('%d', chr(1)).replace('%s', chr(1))).replace(chr(1), '*')}"
             for (language, word), texts in words.items() for text in texts]
    (OUT / "postgres.words.tsv").write_text("\n".join(head + sorted(lines)) + "\n", "utf8")


def write(name, table, language):
    head = [f"# PostgreSQL's messages ({language}): SQLSTATE, and the message with `*` for what the server puts in.",
            "# Made by scripts/messages/postgres.py from PostgreSQL's source: facts by which an error is recognised."]
    lines = sorted(f"{code}\t{skeleton}" for skeleton, code in table.items())
    (OUT / name).write_text("\n".join(head + lines) + "\n", "utf8")
    print(f"{name}: {len(lines)}", file=sys.stderr)


if __name__ == "__main__":
    main()
