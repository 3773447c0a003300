"""PRD-1, PRD-5: tables in CSV and TOML, checked when they are read: file, line, column, what is wrong, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.kit.catalogue.files import TableFiles, load
from connectors.kit.catalogue.plugins import conversions
from connectors.kit.catalogue.rows import TableError
from tests.unit.kit.catalogue.samples import tables

HEAD = "product_type,block,attribute,from,convert,options,required,default,allowed,direction\n"


def faults(folder: Path, attributes: str, **more: str) -> list[str]:
    with pytest.raises(TableError) as caught:
        tables(folder, attributes, **more)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    ("category", "product_type"),
    [
        ("All / Home / Lamps / Desk", "Desk Lamps"),  # the longest prefix
        ("All / Home / Lamps", "Lamps"),
        ("All / Home / Clocks", "Home"),
        ("all/home/lamps", "Lamps"),  # case and spaces do not count
        ("All / Garden / Hoses", "Hoses"),  # * stands for one level
        ("All / Home / Hoses", "Hoses"),  # longer than All / Home
        ("All / Toys for kids", "Toys"),  # * inside a level
        ("All / Food", None),
        ("All", None),
        ("", None),
    ],
)
def test_the_longest_matching_prefix_counts(tmp_path: Path, category: str, product_type: str | None) -> None:
    """PRD-1: category through a mapping table."""
    lines = "category,product_type\nAll / Home,Home\nAll / Home / Lamps,Lamps\nAll / * / Hoses,Hoses\n"
    lines += "All/Home/Lamps/Desk,Desk Lamps\nAll / Toys*,Toys\n"
    found = tables(tmp_path, "", lines).category(category)
    assert (found.product_type if found else None) == product_type


def test_of_equally_long_lines_the_one_without_wildcards_counts(tmp_path: Path) -> None:
    found = tables(tmp_path, "", "category,product_type\nAll / *,Any\nAll / Home,Home\n* / Home,Other\n")
    assert [line.product_type for name in ("All / Home", "All / X", "My / Home") if (line := found.category(name))] == [
        "Home", "Any", "Other",
    ]  # fmt: skip


def test_a_line_for_the_type_stands_instead_of_a_general_one(tmp_path: Path) -> None:
    found = tables(tmp_path, HEAD + "*,,color,=a,,,,,,\nDesk*,,color,=b,,,,,,\nDesk Lamps,,color,=c,,,,,,\n")
    chosen = {
        name: [str(line.sources[0]) for line in found.lines_for(name)] for name in ("Mats", "Desk Mats", "Desk Lamps")
    }
    assert chosen == {"Mats": ["=a"], "Desk Mats": ["=b"], "Desk Lamps": ["=c"]}


def test_csv_of_a_spreadsheet_with_semicolons_a_byte_order_mark_and_comments(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_bytes("\ufeffCategory;Product_Type\r\n# mine\r\n\r\nAll / A;B, C\r\n".encode())
    found = load(TableFiles(categories=[tmp_path / "c.csv"]), conversions(points=[])).category("All / A / X")
    assert found is not None
    assert (found.product_type, str(found.place)) == ("B, C", "c.csv:4")


def test_toml_says_the_same_as_csv(tmp_path: Path) -> None:
    written = """
[[attribute]]
product_type = "Hoses"
attribute = "length.measure"
from = ["fields.x_length", "=3"]
convert = "unit"
options = { from = "m", to = "ft", places = 1 }
required = true
allowed = ["9.8"]
"""
    line = tables(tmp_path, written, name="a.toml").attributes[0]
    same = tables(
        tmp_path, HEAD + "Hoses,visible,length.measure,fields.x_length|=3,unit,from=m; to=ft; places=1,yes,,9.8,\n"
    ).attributes[0]
    assert (line.attribute, line.sources, line.options, line.required, line.allowed, line.conversion.name) == (
        same.attribute, same.sources, same.options, same.required, same.allowed, same.conversion.name,
    )  # fmt: skip
    assert str(line.place) == "a.toml:2"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("*,visble,a,name,,,,,,", "column block: 'visble' is unknown; did you mean 'visible'?"),
        ("*,,a,nam,,,,,,", "column from: 'nam' is unknown"),
        ("*,,a,fields.,,,,,,", "column from: 'fields.' is unknown"),
        ("*,,,name,,,,,,", "column attribute: is empty"),
        ("*,,a..b,name,,,,,,", "column attribute: is empty or has an empty part"),
        ("*,,a,,,,,,,", "column from: is empty and there is no default"),
        ("*,,a,name,colr,,,,,", "column convert: no conversion 'colr'; did you mean 'colour'?"),
        ("*,,a,name,text,most=3,,,,", "column options: text has no option 'most'"),
        ("*,,a,name,text,limit,,,,", "column options: 'limit' is no option; write name=value"),
        ("*,,a,name,text,limit=x,,,,", "column options: limit has to be a whole number"),
        ("*,,a,weight_kg,unit,from=kg,,,,", "column options: unit needs to=..."),
        ("*,,a,name,map,table=sizes,,,,", "column options: no table of values 'sizes'"),
        ("*,,a,name,,,maybe,,,", "column required: 'maybe' is unknown"),
        ("*,,a,name,bullets,,,,,both", "column direction: bullets knows no way back"),
        ("*,,a,attributes.Color,,,,,,in", "column from: attributes.Color cannot be written in Odoo"),
        ("*,,a,name,,,,,,,,,x", "has 13 columns, the header 10"),
    ],
)
def test_a_fault_is_told_with_file_line_column_and_what_to_do(tmp_path: Path, line: str, fault: str) -> None:
    found = faults(tmp_path, f"{HEAD}*,,good,name,,,,,,\n{line}\n")
    assert any(one.startswith("attributes.csv:3: " + fault) for one in found), found


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        HEAD + "*,,a,nam,,,,,,\n*,,b,name,nope,,,,,\n",
        categories="category\nAll\n",
        sizes="value,becomes\nS,\n",
    )
    assert [one.split(":")[0] for one in found] == [
        "categories.csv",
        "categories.csv",
        "sizes.csv",
        "attributes.csv",
        "attributes.csv",
    ]


def test_two_lines_of_a_file_that_say_the_same_are_a_fault(tmp_path: Path) -> None:
    found = faults(tmp_path, HEAD + "*,,a,name,,,,,,\n*,,a,brand,,,,,,\n")
    assert found == ["attributes.csv:3: column attribute: says the same as line 2; take one of them out"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"attribute,from\nx,\xff\n", "bad.csv:2: is no UTF-8"),
        (b'attribute,from\nx,"a\n', "bad.csv:2: is no CSV"),
        (b"attribut\nx\n", "bad.csv:1: column attribut: is unknown; did you mean 'attribute'?"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes, fault: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(TableError) as caught:
        load(TableFiles(attributes=[tmp_path / "bad.csv", tmp_path / "none.csv"]), conversions(points=[]))
    assert caught.value.faults[0].startswith(fault)
    assert "none.csv: cannot be read" in caught.value.faults[-1]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("[[attribute]]\nattribute = ", "a.toml:2: is no TOML"),
        ("[attribute]\nattribute = 'x'\n", "a.toml: write each entry as [[attribute]]"),
        ("[[attributes]]\nattribute = 'x'\n", "a.toml: 'attributes' is unknown here; write [[attribute]]"),
        ("\n[[attribute]]\nattribut = 'x'\n", "a.toml:2: column attribut: is unknown; did you mean 'attribute'?"),
    ],
)
def test_toml_faults(tmp_path: Path, written: str, fault: str) -> None:
    with pytest.raises(TableError) as caught:
        tables(tmp_path, written, name="a.toml")
    assert any(one.startswith(fault) for one in caught.value.faults), caught.value.faults


def test_colours_and_values(tmp_path: Path) -> None:
    (tmp_path / "colours.csv").write_text("colour,synonyms\nBlue,navy|azure\nGray,\n", encoding="utf-8")
    (tmp_path / "sizes.csv").write_text("value,becomes\nklein,S\nsmall,S\n", encoding="utf-8")
    files = TableFiles(colours=[tmp_path / "colours.csv"], values={"sizes": tmp_path / "sizes.csv"})
    around = load(files, conversions(points=[])).around
    assert around.colours.normalised("Azure") == "Blue"
    assert around.values == {"sizes": {"klein": "S", "small": "S"}}
    assert around.backward == {"sizes": {"s": "klein"}}  # the first one is the word to go back to
