"""Where the files of a public log lie (C2SP tlog-tiles)."""


def tiles_of(count):
    """Numbers and widths of the tiles of a row, the last one perhaps partial."""
    return [(at // 256, min(256, count - at)) for at in range(0, count, 256)]


def tile_path(number, width):
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups) + (f".p/{width}" if width < 256 else "")


def rows(size):
    """The levels of hash tiles, and how many hashes each has."""
    level = 0
    while size > 0:
        yield level, size
        level, size = level + 1, size // 256


def hash_tiles(size):
    return [
        f"tile/{level}/" + tile_path(*tile)
        for level, count in rows(size)
        for tile in tiles_of(count)
    ]


def roll(election, size):
    leaves = [f"leaves/{tile_path(*tile)}" for tile in tiles_of(size)]
    return [f"roll/{election[2:]}/{path}" for path in leaves + hash_tiles(size)]


def layout(inputs):
    paths = ["checkpoint", "checkpoints/sizes"]
    paths += [f"checkpoints/{size}" for size in inputs["checkpoints"]]
    paths += [f"tile/entries/{tile_path(*tile)}" for tile in tiles_of(inputs["logSize"])]
    paths += hash_tiles(inputs["logSize"])
    for one in inputs["rolls"]:
        paths += roll(one["election"], one["size"])
    paths += [f"content/{name[2:]}" for name in inputs["contents"]]
    return {
        "paths": paths,
        "checkpointSizes": "".join(f"{size}\n" for size in inputs["checkpoints"]),
        "exported": [f"statements/{at:06}" for at in range(inputs["statements"])],
    }
