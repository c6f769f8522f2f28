#!/usr/bin/env python3
"""Writes assets/errors/messages/sqlite.tsv: by which words an error of SQLite is told when its result code is not there.

    scripts/messages/sqlite.py sqlite3.c >assets/errors/messages/sqlite.tsv

Takes the format strings that SQLite's one-file source hands to the functions which make an error message, with `*` for
what is put in. Nearly all of them come with SQLITE_ERROR; those that do not are told below.
"""
import re
import sys

FEWEST_LETTERS = 4

# The beginning of a message, and the result code with which SQLite reports it.
OTHER_CODES = {
    "* constraint failed": 19,
    "UNIQUE constraint failed": 19,
    "access to * is prohibited": 23,
    "attempt to write a readonly database": 8,
    "authorization denied": 23,
    "cannot commit transaction - ": 5,
    "cannot open savepoint - ": 5,
    "cannot release savepoint - ": 5,
    "cannot store * value in * column *.*": 19,
    "constraint failed": 19,
    "FOREIGN KEY constraint failed": 19,
    "database corruption": 11,
    "database schema is locked: ": 6,
    "database table is locked: ": 6,
    "datatype mismatch": 20,
    "library routine called out of sequence": 21,
    "malformed database schema (": 11,
    "not authorized": 23,
    "out of memory": 7,
    "rtree constraint failed": 19,
    "string or blob too big": 18,
    "unable to close due to unfinalized statements or unfinished backups": 5,
    "unable to delete/modify ": 5,
    "unable to open database: ": 14,
}

# What the search finds and is no message.
NO_MESSAGES = {"replace", "*.rowid"}

# Messages that are put together from pieces in the source, and those of the shell and of the result codes.
MORE = """
5\tdatabase is locked
6\tdatabase table is locked
6\tdatabase table is locked: *
7\tout of memory
8\tattempt to write a readonly database
9\tinterrupted
10\tdisk I/O error
11\tdatabase disk image is malformed
11\tmalformed database schema (*)
11\tmalformed database schema (*) - *
13\tdatabase or disk is full
14\tunable to open database file
14\tunable to open database file: *
14\tunable to open database "*": unable to open database file
14\tunable to open database: *
15\tlocking protocol
17\tdatabase schema has changed
18\tstring or blob too big
19\tconstraint failed
19\tUNIQUE constraint failed: *
19\tUNIQUE constraint failed: index '*'
19\tPRIMARY KEY constraint failed
19\tNOT NULL constraint failed: *
19\tCHECK constraint failed: *
19\tFOREIGN KEY constraint failed
19\tcolumn * is not unique
19\tcolumns * are not unique
19\t* may not be NULL
20\tdatatype mismatch
21\tbad parameter or other API misuse
21\tlibrary routine called out of sequence
22\tlarge file support is disabled
23\tauthorization denied
25\tcolumn index out of range
25\tbind or column index out of range
26\tfile is not a database
26\tfile is encrypted or is not a database
3\taccess permission denied
4\tquery aborted
4\tabort due to ROLLBACK
4\tcallback requested query abort
12\tunknown operation
1\tSQL logic error
1\tSQL logic error or missing database
1\tincomplete input
1\tnear "*": syntax error
1\tunrecognized token: "*"
1\tambiguous column name: *
1\tcannot commit - no transaction is active
1\tcannot detach database *
1\tcannot rollback - no transaction is active
1\tcannot start a transaction within a transaction
1\tcannot use index: *
1\tdatabase * is locked
1\tno such view: *
1\tno such view: *.*
1\tsub-select returns * columns - expected *
1\ttable * already exists
1\tview * already exists
1\tunknown or unsupported join type: *
""".strip().splitlines()

CALLS = (r"sqlite3ErrorMsg|sqlite3VdbeError|sqlite3_result_error|sqlite3SetString|sqlite3Fts5ParseError|sqlite3Fts3ErrMsg"
         r"|fts5(?:Vtab|Config)?(?:SetVtabError|Error)|jsonWrongNumArgs|sqlite3AuthBadReturnCode")
ASSIGNED = (r"(?:\bzErr\w*|\bzMsg|\bpzErr\w*|->zErrMsg|->zErrmsg|->base\.zErrMsg)\s*=\s*"
            r"(?:sqlite3_mprintf|sqlite3MPrintf|sqlite3Fts5Mprintf)")
LITERALS = re.compile(r'\s*((?:"(?:\\.|[^"\\])*"\s*)+)')


def literal(source, at):
    """The format string that is the first literal argument of the call whose bracket stands before `at`."""
    for _ in range(3):
        found = LITERALS.match(source, at)
        if found:
            return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', found[1]))
        comma = re.compile(r"[^,;()\"]*(?:\([^()]*\)[^,;()\"]*)*,").match(source, at)
        if not comma:
            return None
        at = comma.end()
    return None


def skeleton(template):
    text = template.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\").replace("%%", "\0")
    pieces = re.split(r"%[-+ #0,!]*[\d*]*(?:\.[\d*]+)?(?:ll|l|h)?([a-zA-Z])", text)
    out = ""
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            out += piece.replace("\\", "\\\\").replace("*", "\\*").replace("\n", "\\n").replace("\0", "%")
        else:
            out += {"Q": "'*'"}.get(piece, "*")
    return re.sub(r"(?<!\\)\*\*+", "*", out).strip()


def main():
    source = re.sub(r"/\*.*?\*/", " ", open(sys.argv[1], errors="replace").read(), flags=re.S)
    lines = {}
    for call in re.finditer(rf"\b(?:{CALLS})\s*\(|(?:{ASSIGNED})\s*\(", source):
        template = literal(source, call.end())
        if not template:
            continue
        text = skeleton(template)
        fixed = re.sub(r"\\.|\*", "", text)
        if text in NO_MESSAGES or sum(c.isalpha() for c in fixed) < FEWEST_LETTERS:
            continue
        codes = [code for start, code in OTHER_CODES.items() if text.startswith(start)]
        lines[text] = codes[0] if codes else 1
    for line in MORE:
        code, text = line.split("\t", 1)
        lines[text] = int(code)
    print("# By which words an error of SQLite is told when its result code is not there: code<TAB>skeleton.")
    print("# Made by scripts/messages/sqlite.py from the source of SQLite 3.51; `*` is what SQLite puts in.")
    for text, code in sorted(lines.items(), key=lambda item: (item[1], item[0])):
        print(f"{code}\t{text}")


main()
