"""A small taxonomy: departments, categories, product types, and what each type asks of an item.

Walmart has about 7,000 product types; these are the kinds of the sandbox's catalogue and a few more. Names of types and
attributes are Walmart's style, the selection and the required sets are ours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from connectors.walmart.sandbox.charges import Json

_COLOR_NAMES = """Beige Black Blue Bronze Brown Clear Gold Gray Green Multicolor Off-White Orange Pink Purple Red Silver Teal
White Yellow"""
COLORS = tuple(_COLOR_NAMES.split())
YES_NO = ("Yes", "No")


@dataclass(frozen=True)
class Attribute:
    """One attribute of the Visible block. kind: text | texts | number | measure; values: the allowed ones, if closed."""

    name: str
    kind: str = "text"
    values: tuple[str, ...] = ()
    max_length: int = 4000

    def schema(self) -> Json:
        one: Json = {"type": "string", "minLength": 1, "maxLength": self.max_length}
        if self.values:
            one = {"type": "string", "enum": list(self.values)}
        match self.kind:
            case "texts":
                return {"type": "array", "minItems": 1, "items": one}
            case "number":
                return {"type": "number", "minimum": 0}
            case "measure":
                unit = {"type": "string", "enum": list(self.values)}
                both = {"measure": {"type": "number", "minimum": 0}, "unit": unit}
                return {"type": "object", "properties": both, "required": ["measure", "unit"]}
        return one


COLOR = Attribute("color", "texts", max_length=80)
COLOR_CATEGORY = Attribute("colorCategory", "texts", COLORS)
MATERIAL = Attribute("material", "texts", max_length=80)
SIZE = Attribute("size", max_length=80)
PIECES = Attribute("pieceCount", "number")
PROP65 = Attribute("isProp65WarningRequired", values=YES_NO)
CAPACITY = Attribute("capacity", "measure", ("fl oz", "cup", "ml", "l", "qt", "gal"))
LENGTH = Attribute("assembledProductLength", "measure", ("in", "ft", "cm", "m"))
AGE_GROUP = Attribute("ageGroup", "texts", ("Adult", "Child", "Infant", "Teen", "Toddler"))
POWER = Attribute("powerSource", values=("Battery", "Corded Electric", "Manual", "Solar", "USB"))
COMMON = (
    Attribute("shortDescription"),
    Attribute("mainImageUrl", max_length=2000),
    Attribute("keyFeatures", "texts", max_length=500),
)
# Known to every type; none of them required.
OPTIONAL = (
    COLOR,
    COLOR_CATEGORY,
    MATERIAL,
    SIZE,
    PIECES,
    PROP65,
    Attribute("prop65WarningText", max_length=5000),
    Attribute("productSecondaryImageURL", "texts", max_length=2000),
    Attribute("variantGroupId", max_length=300),
    Attribute("variantAttributeNames", "texts", max_length=80),
    Attribute("isPrimaryVariant", values=YES_NO),
    Attribute("manufacturer", max_length=100),
    Attribute("manufacturerPartNumber", max_length=60),
    Attribute("condition", values=("New", "Pre-Owned", "Refurbished", "Restored")),
)


@dataclass(frozen=True)
class ProductType:
    """needs: attributes required besides COMMON; commission: percent of the price, plausible."""

    name: str
    group: str
    category: str
    department: str
    needs: tuple[Attribute, ...] = ()
    commission: str = "15"

    @property
    def required(self) -> tuple[Attribute, ...]:
        return (*COMMON, *self.needs)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        taken = {one.name for one in self.required}
        return (*self.required, *(one for one in OPTIONAL if one.name not in taken))


TYPES = (
    ProductType("Desk Lamps", "Lamps", "Home Decor, Kitchen, & Other", "Home", (COLOR, POWER)),
    ProductType("Coffee Grinders", "Small Appliances", "Home Decor, Kitchen, & Other", "Home", (POWER,)),
    ProductType("Cutting Boards", "Kitchen Tools", "Home Decor, Kitchen, & Other", "Home", (MATERIAL,)),
    ProductType("Frying Pans", "Cookware", "Home Decor, Kitchen, & Other", "Home", (MATERIAL, SIZE)),
    ProductType("Wall Clocks", "Clocks", "Home Decor, Kitchen, & Other", "Home", (COLOR,)),
    ProductType("Bath Towels", "Towels", "Home Decor, Kitchen, & Other", "Home", (COLOR, COLOR_CATEGORY, SIZE)),
    ProductType("Yoga Mats", "Exercise Mats", "Sport & Recreation", "Sports", (COLOR, MATERIAL)),
    ProductType("Bike Lights", "Cycling Accessories", "Sport & Recreation", "Sports", (POWER,)),
    ProductType("Water Bottles", "Drinkware", "Sport & Recreation", "Sports", (CAPACITY, COLOR)),
    ProductType("Garden Hoses", "Watering", "Garden & Patio", "Garden", (LENGTH, PROP65)),
    ProductType("Plant Pots", "Planters", "Garden & Patio", "Garden", (COLOR, MATERIAL)),
    ProductType("Jigsaw Puzzles", "Puzzles", "Toys", "Toys", (PIECES, AGE_GROUP)),
    ProductType("Cell Phone Stands", "Phone Accessories", "Electronics Accessories", "Electronics", (COLOR,), "8"),
    ProductType("Pencil Cases", "School Supplies", "Office", "Office", (COLOR,)),
    ProductType("T-Shirts", "Tops", "Clothing", "Apparel", (COLOR, COLOR_CATEGORY, SIZE, AGE_GROUP)),
    ProductType("Other Home Decor", "Decor", "Home Decor, Kitchen, & Other", "Home"),
)
BY_NAME = {one.name: one for one in TYPES}
# Which type the products of the sandbox's own catalogue are, by the beginning of their names.
KINDS = {
    "Desk Lamp": "Desk Lamps",
    "Coffee Grinder": "Coffee Grinders",
    "Yoga Mat": "Yoga Mats",
    "Water Bottle": "Water Bottles",
    "Garden Hose": "Garden Hoses",
    "Wall Clock": "Wall Clocks",
    "Bath Towel": "Bath Towels",
    "Cutting Board": "Cutting Boards",
    "Bike Light": "Bike Lights",
    "Puzzle": "Jigsaw Puzzles",
    "Phone Stand": "Cell Phone Stands",
    "Cast Iron Pan": "Frying Pans",
    "Plant Pot": "Plant Pots",
    "Pencil Case": "Pencil Cases",
}


def type_of(product_name: str) -> str:
    """The product type of one of the catalogue's products, by its name."""
    return next((found for start, found in KINDS.items() if product_name.startswith(start)), "Other Home Decor")


def shelf_of(product_type: str) -> list[str]:
    known = BY_NAME.get(product_type)
    return ["Home Page", known.department, known.category, known.name] if known else ["UNNAV"]


def stable_id(text: str, length: int = 24) -> str:
    return sha256(text.encode()).hexdigest()[:length]


def taxonomy() -> list[Json]:
    """Categories with their types, as GET /v3/items/taxonomy gives them."""
    return [
        {
            "category": category,
            "subcategory": [
                {"subCategoryName": one.name, "subCategoryId": stable_id(one.name)}
                for one in TYPES
                if one.category == category
            ],
        }
        for category in _unique(one.category for one in TYPES)
    ]


def departments() -> list[Json]:
    names = _unique(one.department for one in TYPES)
    return [
        {
            "superDepartment": name.upper(),
            "superDepartmentId": str(40_000 + number * 1_000),
            "departments": [{"departmentName": f"{name.upper()} L2", "departmentId": _department_id(number)}],
        }
        for number, name in enumerate(names)
    ]


def department(department_id: str) -> Json | None:
    """One department with its categories."""
    names = _unique(one.department for one in TYPES)
    for number, name in enumerate(names):
        if _department_id(number) == department_id:
            groups = _unique(one.group for one in TYPES if one.department == name)
            found = [{"categoryName": group.upper(), "categoryId": stable_id(group, 8)} for group in groups]
            return {"departmentName": f"{name.upper()} L2", "departmentId": department_id, "category": found}
    return None


def _department_id(number: int) -> str:
    return str(40_001 + number * 1_000)


def _unique(names: Iterable[str]) -> Sequence[str]:
    return list(dict.fromkeys(names))
