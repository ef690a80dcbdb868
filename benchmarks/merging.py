"""Two measurements of one network as one, for machines that slow down for minutes at a time: of each engine the shorter run counts."""


def _same_programs(before, now):
    """Engines that were the same both times: by their version, Toeplitz by the library that it compiled."""
    known = before["versions"].keys() & now["versions"].keys()
    same = {name for name in known if before["versions"][name] == now["versions"][name]}
    if before.get("digest") is None or before.get("digest") != now.get("digest"):
        same.discard("toeplitz")
    return same


def _shorter(before, now):
    """The shortest times of both, the larger memory."""
    pick = {"seconds": min, "first": min, "memory": max}
    return {key: choose(before[key], now[key]) for key, choose in pick.items()}


def merge(before, now):
    """What two measurements of a network say together, each as `bench.measure_network` returns it. What is only in `before` is
    kept, if it was measured with the same programs; nothing of a network that had other weights then."""
    if before["weights"] != now["weights"]:
        return now
    same = _same_programs(before, now)
    merged = dict(now, errors=dict(now["errors"]), runs=dict(now["runs"]))
    for threads in before["runs"]:
        runs = dict(merged["runs"].get(threads, {}))
        for name in before["runs"][threads].keys() & same:
            old = before["runs"][threads][name]
            runs[name] = _shorter(old, runs[name]) if name in runs else old
        merged["runs"][threads] = runs
    for name in before["errors"].keys() & same:
        merged["errors"][name] = max(before["errors"][name], now["errors"].get(name, 0))
    if "toeplitz" in same and before["compilation"] and now["compilation"]:
        old, new = before["compilation"], now["compilation"]
        merged["compilation"] = dict(
            new, seconds=min(old["seconds"], new["seconds"]), peak_memory=max(old["peak_memory"], new["peak_memory"])
        )
    return merged
