#!/usr/bin/env python3
"""Writes assets/errors/messages/redis.tsv: by which words an error of Redis or Valkey is told when its prefix is not there.

    scripts/messages/redis.py SOURCE... >assets/errors/messages/redis.tsv

Each SOURCE is the unpacked source of a version of Redis or Valkey. Taken are the strings that the server hands to the
functions which answer an error, with `*` for what it puts in; the first word of a string that begins with `-` is the
prefix, all others are ERR.
"""
import pathlib
import re
import sys

FEWEST_LETTERS = 6

CALLS = (r"addReplyError(?:Format|Object|Length|Sds|SdsSafe|FormatInternal|Ex)*|rejectCommandFormat|rejectCommand|luaError|"
         r"luaPushError|RedisModule_ReplyWithError(?:Format)?|ValkeyModule_ReplyWithError(?:Format)?|"
         r"createObject\(\s*OBJ_STRING\s*,\s*sdsnew|sdscatfmt|sdscatprintf|sdsnew|scriptingEngine\w*Error\w*|"
         r"addReplySubcommandSyntaxError|sdscatfmt")
# Not every string made by the functions for strings is an error: of those only what begins as one is taken.
MAYBE = re.compile(r"sdsnew|sdscat")
LITERALS = re.compile(r'\s*((?:(?:"(?:\\.|[^"\\])*"|PRI\w+|SERVER_TITLE)\s*)+)')

# From clients, from scripts and from replies that the sources put together out of pieces.
MORE = """
ERR\tmax number of clients reached
ERR\tmax number of clients + cluster connections reached
ERR\tunknown command '*', with args beginning with: *
ERR\tunknown command `*`, with args beginning with: *
ERR\tunknown command '*'
ERR\tunknown command `*`
ERR\tunknown subcommand '*'. Try * HELP.
ERR\tUnknown subcommand or wrong number of arguments for '*'. Try * HELP.
ERR\twrong number of arguments for '*' command
ERR\twrong number of arguments for '*' subcommand
ERR\tinvalid expire time in '*' command
ERR\tinvalid expire time in *
ERR\tError running script (call to *): *
ERR\tError compiling script (new function): *
ERR\tinvalid password
ERR\toperation not permitted
ERR\tClient sent AUTH, but no password is set
ERR\tAUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?
ERR\tThis instance has cluster support disabled
ERR\tUnknown Redis command called from script*
ERR\tUnknown command called from script*
ERR\tuser_script:*: *
ERR\tuser_function:*: *
ERR\t* script: *, on @user_script:*
ERR\tMissing library metadata
ERR\tMissing library meta
ERR\tUnknown option or number of arguments for CONFIG SET - '*'
ERR\tUnsupported CONFIG parameter: *
ERR\tInvalid argument '*' for CONFIG SET '*'*
ERR\tbit is not an integer or out of range
ERR\tbit offset is not an integer or out of range
ERR\ttimeout is not a float or out of range
ERR\ttimeout is not an integer or out of range
ERR\tError in ACL SETUSER modifier '*': *
ERR\tinvalid DB index
ERR\tinvalid first DB index
ERR\tThe ID specified in XADD is equal or smaller than the target stream top item
ERR\tCan't decode *
ERR\tBackground save already in progress
ERR\tBackground append only file rewriting already in progress
ERR\tunknown index name
ERR\tUnknown Index name
ERR\tSELECT is not allowed in cluster mode
MISCONF\tRedis is configured to save RDB snapshots, but is currently not able to persist on disk. Commands that may modify the data set are disabled. Please check Redis logs for details about the error.
MISCONF\tErrors writing to the AOF file: *
NOAUTH\tAuthentication required.
READONLY\tYou can't write against a read only slave.
NOPERM\tthis user has no permissions to run the '*' command or its subcommand
NOPERM\tthis user has no permissions to run the '*' command
NOPERM\tthis user has no permissions to access one of the keys used as arguments
NOPERM\tthis user has no permissions to access one of the channels used as arguments
NOPERM\tThis user has no permissions to run the '*' command
NOPERM\tNo permissions to access a key
NOPERM\tUser * has no permissions to run the '*' command
NOPERM\tUser * has no permissions to access the '*' key
NOPERM\tUser * has no permissions to access the '*' channel
WRONGPASS\tinvalid username-password pair or user is disabled.
CLUSTERDOWN\tThe cluster is down
CLUSTERDOWN\tHash slot not served
CROSSSLOT\tKeys in request don't hash to the same slot
TRYAGAIN\tMultiple keys request during rehashing of slot
MASTERDOWN\tLink with MASTER is down and slave-serve-stale-data is set to 'no'.
LOADING\tRedis is loading the dataset in memory
BUSY\tRedis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.
""".strip().splitlines()


def literal(source, at):
    """The first literal argument of the call whose bracket stands before `at`."""
    for _ in range(4):
        found = LITERALS.match(source, at)
        if found:
            pieces = re.findall(r'"((?:\\.|[^"\\])*)"|(PRI\w+)|(SERVER_TITLE)', found[1])
            return "".join("d" if pri else "%s" if title else text for text, pri, title in pieces)
        comma = re.compile(r"[^,;()\"{}]*(?:\([^()]*\)[^,;()\"{}]*)*,").match(source, at)
        if not comma:
            return None
        at = comma.end()
    return None


def skeleton(template):
    text = template.replace('\\"', '"').replace("\\r\\n", "").replace("\\n", "\n").replace("\\\\", "\\").replace("%%", "\0")
    pieces = re.split(r"%[-+ #0]*[\d*]*(?:\.[\d*]+)?(?:ll|l|h|z)?[a-zA-Z]", text)
    out = "*".join(p.replace("\\", "\\\\").replace("*", "\\*").replace("\n", "\\n").replace("\0", "%") for p in pieces)
    # The servers name themselves in their sentences.
    out = re.sub(r"\b(Redis|Valkey) is (loading|busy|configured)", r"* is \2", out)
    return re.sub(r"(?<!\\)\*\*+", "*", out).strip()


def main():
    lines = {}
    for name in sys.argv[1:]:
        files = sorted(pathlib.Path(name).glob("src/*.c")) + sorted(pathlib.Path(name).glob("src/modules/*/*.c"))
        if not files:
            sys.exit(f"{name} is no source of Redis or Valkey")
        for file in files:
            if re.search(r"(?:redis|valkey)-(?:cli|benchmark|check)|fuzzer|setproctitle", file.name):
                continue
            source = re.sub(r"/\*.*?\*/", " ", file.read_text(errors="replace"), flags=re.S)
            for call in re.finditer(rf"\b({CALLS})\s*\(", source):
                template = literal(source, call.end())
                if not template or (MAYBE.search(call[1]) and not template.startswith("-")):
                    continue
                prefix = re.match(r"-([A-Z][A-Z0-9_]*)\s+", template)
                code, text = (prefix[1], template[prefix.end():]) if prefix else ("ERR", template.lstrip("-"))
                text = skeleton(text)
                fixed = re.sub(r"\\.|\*", "", text)
                if sum(c.isalpha() for c in fixed) >= FEWEST_LETTERS and code != "CODE":
                    lines.setdefault(text, code)
    for line in MORE:
        code, text = line.split("\t", 1)
        lines[text] = code
    print("# By which words an error of Redis or Valkey is told when its prefix is not there: code<TAB>skeleton.")
    print("# Made by scripts/messages/redis.py from the sources of Redis 7.4 and 8 and of Valkey 8; `*` is what the server puts in.")
    for text, code in sorted(lines.items(), key=lambda item: (item[1], item[0])):
        print(f"{code}\t{text}")


main()
