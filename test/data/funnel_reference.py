"""Levels of random viewers as ClickHouse computes them: funnel_reference.csv.

    python funnel_reference.py >funnel_reference.csv        # needs chdb

A line per viewer: events as "second and letter", then the levels for steps a, b,
c, d within 8 seconds: default, strict_order, strict_deduplication, strict_once,
strict_order with strict_deduplication, strict_order with strict_once. Half of
the viewers have events of equal time. strict_increase is left out: where a later
first step has the time of a second one, ClickHouse's level is too low.
"""
import random

import chdb.session

MODES = ["", "strict_order", "strict_deduplication", "strict_once", "strict_order,strict_deduplication", "strict_order,strict_once"]

random.seed(20261124)
viewers = []
for viewer in range(1000):
    n = random.randint(1, 12)
    times = [random.randint(0, 10) for _ in range(n)] if viewer % 2 else random.sample(range(60), n)
    viewers.append(sorted((t, random.choice("aaabbbcccdx")) for t in times))

session = chdb.session.Session()
session.query("CREATE DATABASE b ENGINE = Atomic")
session.query("CREATE TABLE b.event (viewer UInt32, t UInt32, e String) ENGINE = Memory")
session.query("INSERT INTO b.event VALUES " + ", ".join(f"({v}, {t}, '{e}')" for v, story in enumerate(viewers) for t, e in story))
levels = ", ".join("windowFunnel(8%s)(t, e = 'a', e = 'b', e = 'c', e = 'd')" % "".join(f", '{m}'" for m in mode.split(",") if m) for mode in MODES)
for line in str(session.query(f"SELECT {levels} FROM b.event GROUP BY viewer ORDER BY viewer", "CSV")).splitlines():
    story = viewers.pop(0)
    print(" ".join(f"{t}{e}" for t, e in story) + "," + line)
