"""A row of the table: a path of each build and its limits, driven in turn, and their ratio."""

import statistics


class Row:
    """`start(world)` gives what runs the path, and what runs its limits, by their names. They are compared by their `rate` (the
    goal is the least) or their `cpu` time (the goal is the most); of several limits the CPU times are added."""

    def __init__(self, name, title, measure, goal, start):
        self.name, self.title, self.measure, self.goal, self.start = name, title, measure, goal, start

    def run(self, worlds, rounds, seconds):
        """Drives all in turn (A B C, B C A, …) after a second of each that doesn't count."""
        runs, limits = {}, {}
        for world in worlds:
            path, beside = self.start(world)
            limits[world.service.name] = list(beside)
            runs.update({**beside, **runs, world.service.name: path})
        for run in runs.values():
            run(1)
        samples = {name: [] for name in runs}
        names = list(runs)
        for turn in range(rounds):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                samples[name].append(runs[name](seconds))
        return {
            "name": self.name, "title": self.title, "measure": self.measure, "goal": self.goal,
            "limits": limits, "samples": samples,
            "medians": {name: median(taken) for name, taken in samples.items()},
            # Of each round by itself: how fast the machine is may change from one to the next.
            "ratios": {
                name: statistics.median(self.ratio(*beside) for beside in zip(samples[name], *(samples[limit] for limit in of)))
                for name, of in limits.items()
            },
        }

    def ratio(self, path, *limits):
        if self.measure == "rate":
            return path["rate"] / limits[0]["rate"]
        return path["cpu"] / sum(limit["cpu"] for limit in limits)


def median(samples):
    """Of each figure by itself; errors are added."""
    middle = {
        figure: statistics.median(sample[figure] for sample in samples)
        for figure, value in samples[0].items() if value is not None
    }
    return {"p50": None, "p99": None, **middle, "errors": sum(sample["errors"] for sample in samples)}


def reached(row, ratio):
    """Whether a ratio is as good as its goal, if there is one."""
    if row["goal"] is None:
        return None
    ratio = round(ratio, 2)
    return ratio >= row["goal"] if row["measure"] == "rate" else ratio <= row["goal"]
