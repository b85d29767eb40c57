# SPDX-License-Identifier: GPL-2.0-only
"""The algorithms that a kernel's XFRM has, as its binary has them: the names in the
lists of net/xfrm/xfrm_algo.c.

Exported functions would not do: they don't tell of all, and none lists the AEADs."""
import io
import lzma
import os
import re
import subprocess

from elftools.elf.elffile import ELFFile

LISTS = ("aead_list", "aalg_list", "ealg_list")
NAME = re.compile(rb"[a-z0-9_(),]+\Z")


def object_file():
    """Where the running kernel's xfrm_algo.c is: its module, or the kernel itself"""
    path = subprocess.run(["modinfo", "-F", "filename", "xfrm_algo"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, universal_newlines=True, check=False).stdout.strip()
    return path if path.startswith("/") else os.environ["KMTIA_KERNEL"]


def open_elf(path):
    with open(path, "rb") as f:
        data = f.read()
    return ELFFile(io.BytesIO(lzma.decompress(data) if path.endswith(".xz") else data))


def text_at(data, offset):
    return data[offset:data.index(b"\0", offset)]


def pointed_by_relocation(elf, symbol, section):
    """The strings that relocations of a list point to: a module's"""
    table = elf.get_section_by_name(f".rela{section.name}")
    symbols = elf.get_section_by_name(".symtab")
    start, size = symbol["st_value"], symbol["st_size"]
    for entry in table.iter_relocations():
        if not start <= entry["r_offset"] < start + size:
            continue
        target = symbols.get_symbol(entry["r_info_sym"])
        at = elf.get_section(target["st_shndx"])
        yield text_at(at.data(), target["st_value"] + entry["r_addend"])


def pointed_by_address(elf, symbol, section):
    """The strings that pointers in a list point to: the kernel's own"""
    at = symbol["st_value"] - section["sh_addr"]
    words = memoryview(section.data()[at:at + symbol["st_size"] // 8 * 8]).cast("Q")
    loaded = [s for s in elf.iter_sections() if s["sh_addr"] and s["sh_type"] == "SHT_PROGBITS"]
    for word in words:
        for home in loaded:
            if home["sh_addr"] <= word < home["sh_addr"] + home["sh_size"]:
                yield text_at(home.data(), word - home["sh_addr"])
                break


def algorithms(path=None):
    """{list: names in it}, the names for compatibility among them"""
    elf = open_elf(path or object_file())
    pointed = pointed_by_relocation if elf["e_type"] == "ET_REL" else pointed_by_address
    found = {name: set() for name in LISTS}
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        if symbol.name in LISTS and symbol["st_info"]["type"] == "STT_OBJECT":
            section = elf.get_section(symbol["st_shndx"])
            found[symbol.name] |= {s.decode() for s in pointed(elf, symbol, section) if NAME.match(s)}
    if not all(found.values()):
        raise ValueError(f"{path}: no lists of algorithms")
    return found
