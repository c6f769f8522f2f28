#!/usr/bin/env python3
"""Writes assets/errors/messages/mongodb.tsv: by which words a MongoDB error is told when its code is not there.

    scripts/messages/mongodb.py SOURCE... >assets/errors/messages/mongodb.tsv

Each SOURCE is the unpacked source of a version of MongoDB (it has src/mongo/base) or of DocumentDB, which
answers in MongoDB's words (it has pg_documentdb_core). Only the message with its code is taken: a string that is handed
to uassert, uasserted, massert, Status or errmsg, with `*` for what the server puts in. What newer versions say than the
sources at hand, and what clients say, is in MORE below.
"""
import collections
import pathlib
import re
import sys

FEWEST_LETTERS = 9  # below, a skeleton would fit too much

# Said by versions newer than the sources, by drivers and by the shell: written down from their answers.
MORE = """
2\tunknown operator: *
2\tunknown top level operator: *
5\tGraph contains a cycle*
6\tconnect ECONNREFUSED *
6\tError connecting to * :: caused by :: *
6\tcouldn't connect to server *
6\t*[Errno 111] Connection refused*
6\tdial tcp *: connect: connection refused
6\t*Connection refused (os error *)
6\tHostUnreachable: *
6\tserver * is unreachable*
7\tgetaddrinfo ENOTFOUND *
7\tgetaddrinfo EAI_AGAIN *
7\tCould not find address for *
11\tCould not find user "*" for db "*"
11\tUser '*' not found
13\tcommand * requires authentication
13\tCommand * requires authentication
13\tnot authorized on * to execute command *
13\tnot authorized for * on *
13\tThere are no users authenticated
8000\tuser is not allowed to do action [*] on [*]
18\tAuthentication failed.
8000\tbad auth : authentication failed
8000\tbad auth : Authentication failed.
8000\tbad auth: *
18\tauth failed
18\tSCRAM authentication failed*
18\tSCRAM-SHA-1 authentication failed*
18\tSCRAM-SHA-256 authentication failed*
14\tpipeline element * is not an object
31325\tInvalid $project :: caused by :: Unknown expression *
31325\tInvalid $addFields :: caused by :: Unknown expression *
2\tcan't $divide by zero
2\tcan't $mod by zero
40323\tA pipeline stage specification object must contain exactly one field.
17217\tdistinct too big, 16mb cap
93\tOur replica set config is invalid or we are not a member of it
93\tThis node, *, with _id * is not a member of the replica set
139\tJavaScript engine is disabled
256\tTransaction * has been committed.
112\tUnable to acquire ticket with mode * due to detected lock conflict*
2\tindex specified by index hint is not found: hint provided does not correspond to an existing index
20\tTransaction numbers are only allowed on a replica set member or mongos
20\tThis MongoDB deployment does not support retryable writes. Please add retryWrites=false to your connection string.
24\tUnable to acquire lock '*' within *
24\tUnable to acquire * lock on * within *
26\tns not found
26\tns does not exist: *
26\tcollection *.* not found
26\tNo such collection: *
26\tdatabase does not exist
26\tDatabase * does not exist
26\tDatabase * not found
26\tsource namespace does not exist
26\tSource collection * does not exist
26\tCollection [*] not found.
26\tns * not found
26\tUnable to find collection *
27\tindex not found with name [*]
27\tcan't find index with key: *
27\tindex * not found
31\tRole *@* not found
43\tcursor id * not found
43\tcursor id * didn't exist on server*
43\tcursor id * not valid at server
43\tCursor not found (namespace: '*', id: *).
48\ta collection '*' already exists
48\tcollection already exists. NS: *
48\tCollection * already exists.
48\tCollection already exists. NS: *
50\toperation exceeded time limit
50\tExecutor error during find command :: caused by :: operation exceeded time limit
50\tPlanExecutor error during aggregation :: caused by :: operation exceeded time limit
50\tError in $cursor stage :: caused by :: operation exceeded time limit
51091\tRegular expression is invalid: *
51108\tinvalid flag in regex options: *
59\tno such command: '*'
59\tno such cmd: *
59\tno such command: *
64\twaiting for replication timed out
66\tAfter applying the update, the (immutable) field '_id' was found to have been altered to _id: *
66\tPerforming an update on the path '_id' would modify the immutable field '_id'
85\tIndex with name: * already exists with different options
85\tIndex already exists with a different name: *
86\tAn existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. Requested index: *, existing index: *
89\tconnection * to * timed out
89\tnetwork timeout
89\tSocket '*' timed out *
91\tThe server is in quiesce mode and will shut down
91\tserver is shutting down
94\tno replset config has been received
96\tExecutor error during find command :: caused by :: Sort exceeded memory limit of * bytes, but did not opt in to external sorting.*
96\tExecutor error during find command :: caused by :: Sort operation used more than the maximum * bytes of RAM. Add an index, or specify a smaller limit.
112\tWriteConflict error: this operation conflicted with another operation. Please retry your operation or multi-document transaction.
112\tCaused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.
112\tPlan executor error during * :: caused by :: WriteConflict error: this operation conflicted with another operation. Please retry your operation or multi-document transaction.
112\tWrite conflict during plan execution and yielding is disabled.*
121\tDocument failed validation
133\tCould not find host matching read preference * for set *
133\tNo replica set members found matching * before *
133\tServer selection timed out after * ms
133\tserver selection error: server selection timeout*
133\tserver selection timeout*
133\tNo suitable servers found*
133\tReplicaSetNoPrimary
141\tThe server certificate does not match the host name. *
141\tSSL peer certificate validation failed: *
141\tSSL handshake failed: *
146\tExceeded memory limit for $group, but didn't allow external sort. Pass allowDiskUse:true to opt in.
146\tExceeded memory limit*
166\tNamespace * is a view, not a collection
166\t* is a view, not a collection
168\tUnknown expression *
168\tUnrecognized expression '*'
175\tcollection dropped between getMore calls
175\tcollection dropped. UUID *
175\tquery plan killed :: *
175\tindex '*' dropped
189\tPrimarySteppedDown
211\tCache Reader No keys found for HMAC that is valid for time: *
216\telection in progress
241\tFailed to parse number '*' in $convert with no onError value: *
241\tFailed to parse objectId '*' in $convert with no onError value: *
251\tGiven transaction number * does not match any in-progress transactions*
251\tTransaction * has been aborted.
251\tTransaction with { txnNumber: * } has been aborted.
261\tToo many logical sessions*
279\toperation was interrupted because a client disconnected
286\tResume of change stream was not possible, as the resume point may no longer be in the oplog.
290\tTransaction * has been aborted because it exceeded *
291\terror processing query: * No query solutions
291\terror processing query: * planner returned error :: caused by :: *
292\tExceeded memory limit for $group, but didn't allow external spilling; pass allowDiskUse:true to opt in
292\tSort exceeded memory limit of * bytes, but did not opt in to external sorting. Aborting operation. Pass allowDiskUse:true to opt in.
292\tSort exceeded memory limit of * bytes, but did not opt in to external sorting.
292\tPlanExecutor error during aggregation :: caused by :: Sort exceeded memory limit of * bytes, but did not opt in to external sorting.*
292\tPlanExecutor error during aggregation :: caused by :: Exceeded memory limit for *, but didn't allow external *
292\tExceeded memory limit for *, but didn't allow external *
352\tUnsupported OP_QUERY command: *. The client driver may require an upgrade.*
352\tUnsupported OP_QUERY command: *
365\tWiredTigerCache*temporarily unavailable*
371\tUser writes blocked
388\ttransaction is too large and will not fit in the storage engine cache
411\tQuery rejected by admin query settings
462\tRequest was rate limited*
9001\tsocket hang up
9001\tconnection * to * closed
9001\tread ECONNRESET
9001\tSocket closed unexpectedly*
9001\tConnection reset by peer
9001\tconnection() error occurred during connection handshake: *
9001\tbroken pipe
10107\tnot master
10107\tnot primary
10107\tNot primary while writing to *
10107\tnot master while writing to *
10334\tBSONObj size: * is invalid. Size must be between 0 and *
10334\tobject to insert too large. size in bytes: *, max size: *
10334\tResulting document after update is larger than *
11000\tE11000 duplicate key error collection: * index: * dup key: *
11000\tE11000 duplicate key error index: * dup key: *
11000\tE11000 duplicate key error collection: * index: * dup key: *, found value: *
11000\tinsertDocument :: caused by :: 11000 E11000 duplicate key error index: * dup key: *
11000\tDuplicate key violation on the requested collection: *
11600\tinterrupted at shutdown
11601\toperation was interrupted
11601\toperation was killed*
11602\toperation was interrupted because this node stepped down
11602\toperation was interrupted due to a replication state change
12587\tcannot perform operation: an index build is currently running for collection *
13388\tstale config in *
13388\tsharding status of collection * is not currently available for filtering and needs to be recovered from the config server
13435\tnot master and slaveOk=false
13435\tnot primary and secondaryOk=false
13436\tnot master or secondary; cannot currently read from this replSet member
13436\tnode is not in primary or recovering state
13436\tnode is recovering
14031\tNo space left on device
14031\tavailable disk space of * bytes is less than required minimum of *
17276\tUse of undefined variable: *
40324\tUnrecognized pipeline stage name: '*'
40415\tBSON field '*' is an unknown field.
40414\tBSON field '*' is missing but a required field
14\tBSON field '*' is the wrong type '*', expected type '*'
14\tBSON field '*' is the wrong type '*', expected types '*'
""".strip().splitlines()


def without_comments(text):
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    return pattern.sub(lambda m: m[0] if m[0][0] in "\"'R" else " ", text)


def arguments(text, start):
    """The arguments of a call whose opening bracket stands before `start`, split at its commas."""
    depth, at, begin, found = 0, start, start, []
    while at < len(text) and at - start < 6000:
        c = text[at]
        if c == '"' or (c == "'" and not text[at - 1].isalnum()):
            at += 1
            while at < len(text) and text[at] != c:
                at += 2 if text[at] == "\\" else 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            if depth == 0:
                found.append(text[begin:at])
                return found
            depth -= 1
        elif c == "," and depth == 0:
            found.append(text[begin:at])
            begin = at + 1
        at += 1
    return found


LITERAL = re.compile(r'"((?:\\.|[^"\\])*)"(?:_sd\b)?')


def unescaped(text):
    return text.replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")


def written(text):
    """A literal piece as a skeleton writes it."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("\n", "\\n").replace("\t", "\\t")


def split_top(text, separators):
    parts, depth, at, begin = [], 0, 0, 0
    while at < len(text):
        c = text[at]
        if c == '"' or (c == "'" and not text[at - 1].isalnum()):
            at += 1
            while at < len(text) and text[at] != c:
                at += 2 if text[at] == "\\" else 1
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif depth == 0:
            for s in separators:
                if text.startswith(s, at):
                    parts.append(text[begin:at])
                    at += len(s) - 1
                    begin = at + 1
                    break
        at += 1
    parts.append(text[begin:])
    return parts


def literals(text):
    """The text of adjacent string literals, or nothing when there is anything else."""
    rest = LITERAL.sub("", text).strip()
    return None if rest else "".join(unescaped(m[1]) for m in LITERAL.finditer(text))


def formatted(text, hole):
    return "*".join(written(part) for part in re.split(hole, text))


def skeleton(expression):
    out = ""
    for part in split_top(expression.strip(), ["<<", "+"]):
        part = part.strip()
        if not part or re.fullmatch(r"(str::stream|StringBuilder|std::stringstream|std::string)\s*(\(\)|\{\})", part):
            continue
        part = re.sub(r"^(std::string|StringData|str::stream|std::string_view)\s*[({](.*)[)}]$", r"\2", part, flags=re.S).strip()
        text = literals(part)
        if text is not None:
            out += written(text)
            continue
        if re.fullmatch(r"'(\\.|.)'", part):
            out += written(unescaped(part[1:-1]))
            continue
        call = re.match(r"fmt::format\s*\(\s*(?:FMT_STRING\()?", part)
        pieces = arguments(part, call.end()) if call else None
        if pieces and literals(pieces[0].strip()) is not None:
            out += formatted(literals(pieces[0].strip()), r"\{[^{}]*\}")
            continue
        suffix = re.match(r'((?:"(?:\\.|[^"\\])*"\s*)+)_format\s*\(', part)
        if suffix and literals(suffix[1]) is not None:
            out += formatted(literals(suffix[1]), r"\{[^{}]*\}")
            continue
        out += "*"
    return re.sub(r"(?<!\\)\*(?:\*)+", "*", out).strip()


def of_mongodb(folder, found):
    base = folder / "src/mongo/base"
    if (base / "error_codes.yml").exists():
        listed = re.findall(r"code:\s*(\d+),\s*name:\s*(\w+)", (base / "error_codes.yml").read_text())
    else:  # until 4.2
        names = re.findall(r'error_code\("(\w+)",\s*(\d+)', (base / "error_codes.err").read_text())
        listed = [(number, name) for name, number in names]
    numbers = {name: int(number) for number, name in listed}
    trigger = re.compile(r"\b(?:uassert|uasserted|massert|msgasserted|iassert|iasserted|tassert|tasserted|Status)\s*[({]"
                         r"|\{(?=\s*ErrorCodes::)")
    for file in sorted(folder.glob("src/mongo/**/*")):
        if file.suffix not in (".cpp", ".h", ".tpl") or "test" in file.name or "/unittest/" in str(file):
            continue
        text = without_comments(file.read_text(errors="replace"))
        for m in trigger.finditer(text):
            given = arguments(text, m.end())
            if len(given) < 2:
                continue
            code = re.fullmatch(r"\s*(?:ErrorCodes::(?:Error\s*[({]\s*)?)?(\w+?)[)}]?\s*", given[0])
            if not code:
                continue
            number = int(code[1]) if code[1].isdigit() else numbers.get(code[1])
            if number:
                found[skeleton(given[1])][number] += 1


def of_documentdb(folder, found):
    numbers = {}
    for line in (folder / "pg_documentdb_core/include/utils/external_error_mapping.csv").read_text().splitlines()[1:]:
        name, _, number = line.split(",")[:3]
        numbers[name.upper()] = int(number)
    for file in sorted(folder.glob("**/*.c")) + sorted(folder.glob("**/*.h")):
        text = without_comments(file.read_text(errors="replace"))
        for m in re.finditer(r"\bereport\s*\(", text):
            given = arguments(text, m.end())
            whole = ",".join(given[1:])
            code = re.search(r"ERRCODE_DOCUMENTDB_(\w+)", whole)
            message = re.search(r"\berrmsg\s*\(", whole)
            number = code and numbers.get(code[1])
            if not number or not message:
                continue
            template = literals(arguments(whole, message.end())[0].strip())
            if template is not None:
                out = formatted(template.replace("%%", "\0"), r"%[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:ll|l|h|z)?[a-zA-Z]").replace("\0", "%")
                found[re.sub(r"(?<!\\)\*(?:\*)+", "*", out).strip()][number] += 1


def main():
    found = collections.defaultdict(collections.Counter)
    for name in sys.argv[1:]:
        folder = pathlib.Path(name)
        if (folder / "src/mongo/base").is_dir():
            of_mongodb(folder, found)
        elif (folder / "pg_documentdb_core").exists():
            of_documentdb(folder, found)
        else:
            sys.exit(f"{folder} is the source of neither MongoDB nor DocumentDB")
    lines = {}
    for text, codes in found.items():
        fixed = re.sub(r"\\.|\*", "", text)
        if sum(c.isalpha() for c in fixed) < FEWEST_LETTERS:
            continue
        # What several places say with different codes tells none of them, unless one clearly prevails.
        (code, most), *others = codes.most_common()
        if others and others[0][1] * 2 > most:
            continue
        lines[text] = code
    for line in MORE:
        code, text = line.split("\t", 1)
        lines[text] = int(code)
    print("# By which words an error of MongoDB is told when its code is not there: code<TAB>skeleton.")
    print("# Made by scripts/messages/mongodb.py from the messages of MongoDB 4.0 to 5.1 and of DocumentDB; `*` is what the")
    print("# server puts in. Recognition keys: facts about what the servers print.")
    for text, code in sorted(lines.items(), key=lambda item: (item[1], item[0])):
        print(f"{code}\t{text}")


main()
