"""The tables, in Markdown."""

from rows import reached


def number(value, digits=0):
    return "" if value is None else f"{value:,.{digits}f}"


def verdict(ok):
    return {None: "", True: "yes", False: "**no**"}[ok]


def figures(title, sample):
    return (f"| {title} | {number(sample['rate'])} | {number(sample['p50'], 2)} | {number(sample['p99'], 2)} | "
            f"{number(sample['service'])} | {number(sample['database'])} | {sample['errors']} |")


def measured(rows, services):
    """Every path and every limit."""
    lines = ["| | a second | p50, ms | p99, ms | CPU of the service, ms per 1,000 | CPU of PostgreSQL, ms per 1,000 | errors |",
             "| --- | --: | --: | --: | --: | --: | --: |"]
    for row in rows:
        for service in services:
            title = row["title"] + (f" ({service})" if len(services) > 1 else "")
            lines.append(figures(title, row["medians"][service]))
        limits = dict.fromkeys(limit for of in row["limits"].values() for limit in of)
        for limit in limits:
            title = limit.removesuffix(f", {services[0]}") if len(services) == 1 else limit
            lines.append(figures(f"· {title}", row["medians"][limit]))
    return lines


def ratios(rows, services):
    """Every path as a ratio to its limit."""
    first, *others = services
    head = "".join(f" {other} program |" for other in others)
    lines = [f"| path | against | by | goal | reached | |{head}",
             "| --- | --- | --- | --: | --: | --- |" + " --: |" * len(others)]
    for row in rows:
        ratio = row["ratios"][first]
        sign = "≥" if row["measure"] == "rate" else "≤"
        goal = "" if row["goal"] is None else f"{sign} {row['goal']:.2f}"
        by = "requests/s" if row["measure"] == "rate" else "CPU"
        against = " + ".join(limit.removesuffix(f", {first}") for limit in row["limits"][first])
        others_too = "".join(f" {row['ratios'][other]:.2f} |" for other in others)
        ok = verdict(reached(row, ratio))
        lines.append(f"| {row['title']} | {against} | {by} | {goal} | {ratio:.2f} | {ok} |{others_too}")
    return lines


def beside_scale_1(rows, rows_1, service):
    """CPU of the reads in a larger world, beside that in the world of scale 1."""
    known = {row["name"]: row for row in rows_1}
    lines = ["| read | CPU, ms per 1,000 | at scale 1 | ratio | goal | |", "| --- | --: | --: | --: | --: | --- |"]
    for row in rows:
        if row["name"] in WRITES or row["name"] not in known:
            continue
        here = row["medians"][service]["cpu"]
        there = known[row["name"]]["medians"][service]["cpu"]
        ratio = round(here / there, 2)
        lines.append(f"| {row['title']} | {here:,.0f} | {there:,.0f} | {ratio:.2f} | ≤ 1.15 | {verdict(ratio <= 1.15)} |")
    return lines


WRITES = {"log-in", "refresh", "follow", "follow-celebrity"}


def storm(result):
    ratio = result["during"] / result["quiet"]
    return [f"Reads during a storm of log-ins ({result['log_ins']:.0f} a second): p99 {result['during']:.1f} ms, without it "
            f"{result['quiet']:.1f} ms, ratio {ratio:.2f} (goal ≤ 2.00: {verdict(ratio <= 2)}); "
            f"{result['reads_during']:,.0f} reads a second, without it {result['reads']:,.0f}; {result['errors']} errors."]


def crowd(result):
    return [f"{result['connections']:,} connections, each with a request every 4 seconds: {result['rate']:,.0f} a second, "
            f"p50 {result['p50']:.1f} ms, p99 {result['p99']:.1f} ms, {result['errors']} errors; {result['cpu']:,.0f} ms of CPU "
            f"per 1,000; memory of the service at its peak {result['memory']:.0f} MB."]


def soak(result):
    each = ", ".join(f"{megabytes:.0f}" for megabytes in result["memory"])
    return [f"{result['connections']} connections, new ones each minute, for {result['minutes']} minutes: memory of the service after each "
            f"{each} MB; {result['errors']} errors."]


def memory(peaks):
    first, *others = peaks.values()
    other = "".join(f"; the other program's {peak:.0f} MB" for peak in others)
    return [f"Memory of the service at its peak, after all of this: {first:.0f} MB (goal < 120 MB: {verdict(first < 120)}){other}."]


def tables(result, of_scale_1):
    """The whole result."""
    services = list(result["memory"])
    lines = []
    if result["rows"]:
        lines += [*ratios(result["rows"], services), "", *measured(result["rows"], services), ""]
    if of_scale_1 and result["rows"]:
        lines += [*beside_scale_1(result["rows"], of_scale_1["rows"], services[0]), ""]
    if "storm" in result:
        lines += [*storm(result["storm"]), ""]
    if "crowd" in result:
        lines += [*crowd(result["crowd"]), ""]
    if "soak" in result:
        lines += [*soak(result["soak"]), ""]
    return "\n".join(lines + memory(result["memory"])) + "\n"


def write(path, text, scale):
    """Puts the tables between their marks in a document."""
    mark = f"scale {scale:g}"
    with open(path) as file:
        before, rest = file.read().split(f"<!-- {mark} -->\n")
    after = rest.split(f"<!-- end of {mark} -->")[1]
    with open(path, "w") as file:
        file.write(f"{before}<!-- {mark} -->\n{text}<!-- end of {mark} -->{after}")
