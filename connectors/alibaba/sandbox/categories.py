"""Categories: three levels, of which the third is the leaf (alibaba.md section 6)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    id: int
    name: str
    trans: str
    parent: int = 0
    level: int = 1


_TREE = (
    (10166, "女装", "Women's clothing", 127424004, "裙装", "Skirts", 1031910, "连衣裙", "Dresses"),
    (67, "办公、文化", "Office", 70, "文具", "Stationery", 1032001, "笔袋", "Pencil cases"),
    (15, "居家日用品", "Household", 122700, "厨房用品", "Kitchen", 1032002, "砧板", "Cutting boards"),
    (58, "照明工业", "Lighting", 5801, "室内灯具", "Indoor lamps", 1032003, "台灯", "Desk lamps"),
    (18, "运动户外", "Sports and outdoors", 1801, "健身", "Fitness", 1032004, "瑜伽垫", "Yoga mats"),
)


def _categories() -> dict[int, Category]:
    found = {}
    for root, root_name, root_trans, middle, middle_name, middle_trans, leaf, name, trans in _TREE:
        found[root] = Category(root, root_name, root_trans)
        found[middle] = Category(middle, middle_name, middle_trans, root, 2)
        found[leaf] = Category(leaf, name, trans, middle, 3)
    return found


CATEGORIES = _categories()
LEAVES = tuple(one for one in CATEGORIES.values() if one.level == 3)


def path_of(leaf: int) -> tuple[int, int, int]:
    """(top, second, third) of a leaf. Raises KeyError."""
    middle = CATEGORIES[leaf].parent
    return CATEGORIES[middle].parent, middle, leaf


def children_of(category: int) -> list[Category]:
    return [one for one in CATEGORIES.values() if one.parent == category]
