#!/usr/bin/env python3
"""Writes assets/errors/messages/mysql.tsv and mysql.LANG.tsv: what MySQL and MariaDB print, as skeletons to recognise.

    scripts/messages/mysql.py [--mariadb FOLDER]... [--mysql FOLDER]...

--mariadb  a folder with MariaDB's `errmsg-utf8.txt`, or with `*/errmsg.sys` where a package has only those
           (default: /usr/share/mysql)
--mysql    the root of an unpacked MySQL server: `usr/bin/perror`, `usr/share/mysql/*/errmsg.sys`
           (default: where scripts/servers keeps its MySQL 9)

Both may be given several times, for servers of several versions; where two word one message differently, both stay. The
files of the repository were made from MariaDB 10.11 and 11.8 and from MySQL 9.7.
A skeleton is the message with `*` wherever the server fills something in. Only codes that assets/errors/codes/mysql.tsv
has are kept: most messages of MySQL's error log (10000 and up) tell of nothing that a DBA must do. The form of the
files is told in their first lines.
"""

import argparse
import glob
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ASSETS = os.path.join(HERE, "..", "..", "assets", "errors")

# The servers' names of their languages, and the codes by which ours are named.
LANGUAGES = {
    "bulgarian": "bg", "chinese": "zh", "czech": "cs", "danish": "da", "dutch": "nl", "english": "en",
    "estonian": "et", "french": "fr", "georgian": "ka", "german": "de", "greek": "el", "hindi": "hi",
    "hungarian": "hu", "italian": "it", "japanese": "ja", "korean": "ko", "norwegian": "nb", "norwegian-ny": "nn",
    "polish": "pl", "portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr", "slovak": "sk",
    "spanish": "es", "swedish": "sv", "ukrainian": "uk",
}

# Messages that the servers send under another number than their own: the text was made more exact later, and the
# number kept for old clients.
SENT_AS = {
    1216: 1452,  # a foreign key that fails, for those who may not see its name
    1217: 1451,
    1547: 1805,  # the system tables were named by their database later
    1548: 1728,
    1558: 3009,
    1569: 1062,  # the duplicates of AUTO_INCREMENT
    1586: 1062,  # the duplicate with the name of the key instead of its position
    1591: 1526,  # a row without a partition, without the value
    3087: 1055,  # the column that is not in GROUP BY, with the expression named
    3088: 1140,  # the same without any GROUP BY
    3089: 1681,  # what is deprecated, and nothing takes its place
    3519: 3548,  # the same text as a warning
    3858: 1681,
    3859: 1681,
    3860: 1681,
    3861: 1681,
    3964: 1287,  # what is deprecated, and what takes its place
    3965: 1287,
    10918: 1287,
}

# The sentence before "near" in a syntax error, and the code of the message that it is put into.
SYNTAX, NEAR = 1149, 1064

# Numbers that say how a statement went or are filled up from elsewhere: nothing to recognise.
NO_MESSAGES = {1000, 1001, 1002, 1003, 1756}

# First code of the messages that only the error log has.
FIRST_LOG_CODE = 10000

# The client libraries keep their messages in the program. Both wordings where they differ: MySQL's, MariaDB's.
CLIENT = [
    (2000, "Unknown MySQL error"),
    (2001, "Can't create UNIX socket (*)"),
    (2002, "Can't connect to local MySQL server through socket '*' (*)"),
    (2002, "Can't connect to local server through socket '*' (*)"),
    (2002, "Can't connect to MySQL server on '*' (*)"),
    (2002, "Can't connect to server on '*' (*)"),
    (2002, "Can't connect to server (*)."),
    (2003, "Can't connect to MySQL server on '*:*' (*)"),
    (2003, "Can't connect to MySQL server on '*' (*)"),
    (2003, "Can't connect to MySQL server on '*' ([*] *)"),
    (2004, "Can't create TCP/IP socket (*)"),
    (2005, "Unknown MySQL server host '*' (*)"),
    (2005, "Unknown server host '*' (*)"),
    (2006, "MySQL server has gone away"),
    (2006, "MySQL server has gone away (*)"),
    (2006, "Server has gone away"),
    (2007, "Protocol mismatch; server version = *, client version = *"),
    (2008, "MySQL client ran out of memory"),
    (2008, "Client run out of memory"),
    (2009, "Wrong host info"),
    (2012, "Error in server handshake"),
    (2013, "Lost connection to MySQL server during query"),
    (2013, "Lost connection to MySQL server during query (*)"),
    (2013, "Lost connection to server during query"),
    (2013, "Lost connection to MySQL server at '*', system error: *"),
    (2013, "Lost connection to server at '*', system error: *"),
    (2014, "Commands out of sync; you can't run this command now"),
    (2014, "Cannot execute queries while other unbuffered queries are active. *"),
    (2016, "Can't wait for named pipe to host: * pipe: * (*)"),
    (2017, "Can't open named pipe to host: * pipe: * (*)"),
    (2018, "Can't set state of named pipe to host: * pipe: * (*)"),
    (2019, "Can't initialize character set * (path: *)"),
    (2020, "Got packet bigger than 'max_allowed_packet' bytes"),
    (2022, "Error on SHOW REPLICA STATUS:"),
    (2022, "Error on SHOW SLAVE STATUS:"),
    (2023, "Error on SHOW REPLICAS:"),
    (2023, "Error on SHOW SLAVE HOSTS:"),
    (2024, "Error connecting to replica:"),
    (2024, "Error connecting to slave:"),
    (2025, "Error connecting to source:"),
    (2025, "Error connecting to master:"),
    (2026, "SSL connection error: *"),
    (2026, "TLS/SSL error: *"),
    (2027, "Malformed packet"),
    (2027, "Received malformed packet"),
    (2028, "This client library is licensed only for use with MySQL servers having '*' license"),
    (2029, "Invalid use of null pointer"),
    (2030, "Statement not prepared"),
    (2030, "Statement is not prepared"),
    (2031, "No data supplied for parameters in prepared statement"),
    (2033, "No parameters exist in the statement"),
    (2034, "Invalid parameter number"),
    (2035, "Can't send long data for non-string/non-binary data types (parameter: *)"),
    (2036, "Using unsupported buffer type: * (parameter: *)"),
    (2036, "Buffer type is not supported"),
    (2047, "Wrong or unknown protocol"),
    (2048, "Invalid connection handle"),
    (2049, "Connection using old (pre-4.1.1) authentication protocol refused (client option 'secure_auth' enabled)"),
    (2050, "Row retrieval was canceled by mysql_stmt_close() call"),
    (2051, "Attempt to read column without prior row fetch"),
    (2052, "Prepared statement contains no metadata"),
    (2053, "Attempt to read a row while there is no result set associated with the statement"),
    (2054, "This feature is not implemented yet"),
    (2055, "Lost connection to MySQL server at '*', system error: *"),
    (2056, "Statement closed indirectly because of a preceding *() call"),
    (2057, "The number of columns in the result set differs from the number of bound buffers. You must reset the "
           "statement, rebind the result set columns, and execute the statement again"),
    (2058, "This handle is already connected. Use a separate handle for each connection."),
    (2058, "Can't connect twice. Already connected"),
    (2059, "Authentication plugin '*' cannot be loaded: *"),
    (2060, "There is an attribute with the same name already"),
    (2061, "Authentication plugin '*' reported error: *"),
    (2062, "Insecure API function call: '*' Use instead: '*'"),
    (2063, "File name is too long"),
    (2064, "Set FIPS mode ON/STRICT failed"),
    (2066, "Compression protocol wrongly configured *"),
    (2067, "SSO user not found, Please perform SSO authentication using kerberos."),
    (2068, "LOAD DATA LOCAL INFILE file request rejected due to restrictions on access."),
    (2069, "Determining the real path for '*' failed with error (*): *"),
    (2070, "DNS SRV lookup failed with error : *"),
    (2071, "Client does not recognise tracker type * marked as mandatory by server."),
    (2072, "Invalid first argument for MYSQL_OPT_USER_PASSWORD option. *"),
    (2073, "Can't get session data: *"),
    (2074, "Client character set * is not supported"),
]

# Messages that the servers put together in their code, under numbers whose own message reads otherwise, and wordings
# of older versions.
BUILT = [
    (1028, "Sort aborted: *"),
    (1030, "Got error * from storage engine"),
    (1047, "WSREP has not yet prepared node for application use"),
    (1118, "Row size too large (> *). Changing some columns to TEXT or BLOB may help. *"),
    (1118, "Row size too large (> *). Changing some columns to TEXT or BLOB or using ROW_FORMAT=DYNAMIC or "
           "ROW_FORMAT=COMPRESSED may help. *"),
    (1292, "Incorrect datetime value: '*' for column '*' at row *"),
    (1292, "Incorrect datetime value: '*' for column `*`.`*`.`*` at row *"),
    (1292, "Incorrect date value: '*' for column '*' at row *"),
    (1292, "Incorrect date value: '*' for column `*`.`*`.`*` at row *"),
    (1292, "Incorrect time value: '*' for column '*' at row *"),
    (1292, "Incorrect time value: '*' for column `*`.`*`.`*` at row *"),
    (1292, "Incorrect timestamp value: '*' for column '*' at row *"),
    (1292, "Incorrect timestamp value: '*' for column `*`.`*`.`*` at row *"),
    (1292, "Incorrect INTERVAL * value: '*'"),
    (1292, "Incorrect datetime value: '*'"),
    (1292, "Incorrect time value: '*'"),
    (1292, "Incorrect date value: '*'"),
    (1105, "XPATH syntax error: '*'"),
    (1280, "Name '*' ignored for PRIMARY key."),
    (1287, "* syntax is deprecated and will be removed in a future release"),
    (150, "Create  table `*`.`*` with foreign key `*` constraint failed. *"),
    (150, "Create  table `*`.`*` with foreign key (*) constraint failed. *"),
    (6527, "DATE value is out of range in '*'"),
    (6527, "DATETIME value is out of range in '*'"),
    (6527, "TIME value is out of range in '*'"),
    (4078, "Cannot cast '*' as '*' in assignment of *"),
    (67, "unknown variable '*'"),
    (68, "unknown option '--*'"),
]

# How MySQL and MariaDB print the operating system's reason in the messages of their file layer.
REASONS = [(" (OS errno * - *)", [" (OS errno * - *)", " (Errcode: *)", " (Errcode: * - *)"])]

PLACEHOLDER = re.compile(
    r"""%(?:\d+\$)?            # position
        [-+\#0']*`?[-+\#0']*   # flags; ` is MariaDB's: quote as an identifier
        (?:\d+|\*(?:\d+\$)?)?  # width
        (?:\.(?:\d+|\*(?:\d+\$)?))?
        (?:hh|h|ll|l|z|t|j|L)?
        [diouxXeEfFgGcspMTBQ]""", re.X)


def skeleton(text):
    """The message with `*` for every placeholder, and white space as the files write it."""
    def filled(match):
        # MariaDB puts the quotes of an identifier around what it fills in.
        return "`\1`" if "`" in match.group(0) else "\1"

    text = PLACEHOLDER.sub(filled, text.replace("%%", "\0"))
    text = text.replace("\\", "\\\\").replace("*", "\\*")
    text = re.sub("\1+", "*", text).replace("\0", "%")
    return text.strip().replace("\n", "\\n").replace("\t", "\\t").replace("\r", "")


def says_something(text):
    """A skeleton with too few letters of its own would be found in everything."""
    letters = re.findall(r"[^\W\d_]", text.replace("*", ""))
    wide = sum(1 for letter in letters if ord(letter) >= 0x2E80)
    return len(letters) >= 5 or wide >= 3


def mariadb_messages(path):
    """(code, language, message) of an `errmsg-utf8.txt`."""
    code, short, current = None, {}, None
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("languages"):
                for name, abbreviation in re.findall(r"([\w-]+)=([\w-]+)", line):
                    short[abbreviation] = LANGUAGES[name]
            elif match := re.match(r"start-error-number\s+(\d+)|skip-to-error-number\s+(\d+)", line):
                code = int(match.group(1) or match.group(2)) - 1
            elif re.match(r"[A-Z]\w+", line):
                code += 1
                current = code
            elif (match := re.match(r'\s+([\w-]+)\s+"(.*)"\s*$', line)) and match.group(1) in short:
                message = match.group(2).replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
                yield current, short[match.group(1)], message


def mariadb_compiled(folder):
    """(code, language, message) of MariaDB's `errmsg.sys`: counts for each thousand of codes, lengths, then the texts."""
    def read(path):
        with open(path, "rb") as file:
            data = file.read()
        sections, = struct.unpack_from("<H", data, 14)
        counts = struct.unpack_from(f"<{sections}H", data, 32)
        lengths = struct.unpack_from(f"<{sum(counts)}H", data, 32 + 2 * sections)
        at = 32 + 2 * (sections + sum(counts))
        codes = [1000 * (section + 1) + i for section, count in enumerate(counts) for i in range(count)]
        for code, length in zip(codes, lengths):
            yield code, data[at:at + length].rstrip(b"\0").decode("utf-8", "replace")
            at += length

    english = dict(read(os.path.join(folder, "english/errmsg.sys")))
    for path in glob.glob(os.path.join(folder, "*/errmsg.sys")):
        language = LANGUAGES.get(os.path.basename(os.path.dirname(path)))
        for code, message in read(path):
            if language and message and (language == "en" or message != english.get(code)):
                # Since MariaDB 11 the extensions stand behind the conversion: `%sQ` for %`s, `%sT`, `%iE` for %M.
                message = re.sub(r"%([-+0-9.*]*)sQ", r"%`\1s", message)
                message = re.sub(r"%([-+0-9.*]*)s[TBS]", r"%\1s", message)
                message = re.sub(r"%([-+0-9.*]*)[di]E", r"%\1M", message)
                yield code, language, message


def perror(root):
    """The `perror` of an unpacked server, run with the libraries that lie beside it."""
    program = os.path.join(root, "usr/bin/perror")
    for loader in glob.glob(os.path.join(root, "usr/lib*/ld-linux*")):
        return [loader, "--library-path", os.path.dirname(os.path.realpath(loader)), program]
    return [program]


def errmsg_sys(path):
    """The messages of an `errmsg.sys`, in their order: 32 bytes of head, an offset each, the texts."""
    with open(path, "rb") as file:
        data = file.read()
    count, = struct.unpack_from("<H", data, 10)
    start = 32 + 4 * count
    for offset in struct.unpack_from(f"<{count}I", data, 32):
        yield data[start + offset:data.index(b"\0", start + offset)].decode("utf-8", "replace")


def mysql_messages(root):
    """(code, language, message) of an unpacked MySQL: its own `perror` knows the codes, in the order of the files."""
    asked = [str(code) for code in range(1, 20000)]
    answer = subprocess.run(perror(root) + asked, capture_output=True, text=True, check=False).stdout
    known = re.findall(r"^MySQL error code MY-0*(\d+) \((\w+)\): ", answer, re.M)
    codes = [int(code) for code, _ in known if int(code) >= 1000]
    old = {int(code) for code, name in known if name.startswith("OBSOLETE_") and "UNUSED" in name}
    english = list(errmsg_sys(os.path.join(root, "usr/share/mysql/english/errmsg.sys")))
    if len(codes) != len(english):
        sys.exit(f"{root}: perror knows {len(codes)} codes and errmsg.sys {len(english)}")
    for path in glob.glob(os.path.join(root, "usr/share/mysql/*/errmsg.sys")):
        language = LANGUAGES.get(os.path.basename(os.path.dirname(path)))
        for code, message, original in zip(codes, errmsg_sys(path), english):
            if language and code not in old and (language == "en" or message != original):
                yield code, language, message
    for code, message in re.findall(r"^MySQL error code MY-0*(\d{1,3})(?: \(handler\))?: (.*)$", answer, re.M):
        if not message.startswith("Undefined"):
            yield int(code), "en", message


def catalogued_codes():
    with open(os.path.join(ASSETS, "codes/mysql.tsv"), encoding="utf-8") as lines:
        return {int(line.split("\t")[0].removeprefix("MY-")) for line in lines if not line.startswith("#")}


def gather(sources, catalogued):
    """language -> skeleton -> code. One code a skeleton: a statement's before the log's, then the smaller."""
    found, syntax, near = {}, {}, {}
    for code, language, message in sources:
        if code in NO_MESSAGES or "You should never see it" in message or code not in catalogued:
            continue
        if code == SYNTAX:
            syntax.setdefault(language, set()).add(skeleton(message))
        if code == NEAR:
            near.setdefault(language, set()).add(skeleton(message))
        for text in wordings(skeleton(message)):
            keep(found.setdefault(language, {}), text, SENT_AS.get(code, code))
    for code, text in CLIENT + BUILT:
        keep(found["en"], text, code)
    for language, sentences in near.items():
        for sentence in sentences:
            if "*" in sentence:
                for before in syntax.get(language, syntax["en"]):
                    keep(found[language], sentence.replace("*", before, 1), NEAR)
    return found


def wordings(text):
    """The skeleton, and the other ways in which its end is printed."""
    for end, others in REASONS:
        if text.endswith(end):
            return [text.removesuffix(end) + other for other in others]
    return [text]


def keep(skeletons, text, code):
    if says_something(text):
        skeletons[text] = min(code, skeletons.get(text, code))


def code_text(code):
    return f"MY-{code:06}" if code >= FIRST_LOG_CODE else str(code)


HEAD = """# What MySQL and MariaDB print{what}, by code: recognition keys, in which `*` stands for what the server fills in.
# Made by scripts/messages/mysql.py from the message files of the servers. code<TAB>skeleton
"""


def write(language, skeletons):
    name = "mysql.tsv" if language == "en" else f"mysql.{language}.tsv"
    what = "" if language == "en" else f" (language: {language})"
    with open(os.path.join(ASSETS, "messages", name), "w", encoding="utf-8", newline="\n") as file:
        file.write(HEAD.format(what=what))
        for code, text in sorted((code_text(code), text) for text, code in skeletons.items()):
            file.write(f"{code}\t{text}\n")
    print(f"{name}: {len(skeletons)}", file=sys.stderr)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mariadb", action="append", metavar="FOLDER")
    options.add_argument("--mysql", action="append", metavar="FOLDER")
    given = options.parse_args()
    sources = []
    for folder in given.mariadb or ["/usr/share/mysql"]:
        text = os.path.join(folder, "errmsg-utf8.txt")
        sources += mariadb_messages(text) if os.path.exists(text) else mariadb_compiled(folder)
    for root in given.mysql or ["/var/cache/dba-gpt-test/mysql-9"]:
        sources += mysql_messages(root)
    found = gather(sources, catalogued_codes())
    english = found["en"]
    for language in sorted(found):
        own = {text: code for text, code in found[language].items() if language == "en" or text not in english}
        write(language, own)


if __name__ == "__main__":
    main()
