"""The library {{ cookiecutter.name }}: the code behind its world in wit/.

Change the WIT, run `airssys-sdk generate`, and each new function has a method here that waits for its code.
"""

import re
from collections import Counter

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.counting import Order, Word


class Counting(exports.Counting):
    def count(self, text: str, order: Order) -> list[Word]:
        """Count the words of a text."""
        counted = Counter(re.findall(r"\w+", text.lower()))
        if not counted:
            raise Err("the text has no words")
        pairs = counted.most_common() if order == Order.FREQUENCY else sorted(counted.items())
        return [Word(text=word, count=number) for word, number in pairs]
