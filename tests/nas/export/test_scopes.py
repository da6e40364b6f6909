import ast
import builtins
import dis
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.export.scopes import bound_names, free_names


def free(code):
    (statement,) = ast.parse(code).body
    return [name.id for name in free_names(statement)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(x: A = B) -> C: return x + D", ["A", "B", "C", "D"]),
        ("def f(x):\n  y = x\n  return y", []),
        ("def f(*a: A, k: B = C, **w: D): return a, k, w", ["A", "B", "C", "D"]),
        ("def f():\n  local: A = 1\n  return local", ["A"]),
        ("def f():\n  global g\n  g = 1", ["g"]),
        ("def f():\n  global g\n  return g", ["g"]),
        ("def f():\n  import a.b\n  from c import d as e\n  return a, e, d", ["d"]),
        ("def f():\n  try: pass\n  except E as e: return e", ["E"]),
        ("def f(x):\n  match x:\n    case {'k': v, **r}: return v, r", []),
        ("def f(x):\n  match x:\n    case [P(), *q] as a: return q, a", ["P"]),
        ("def f():\n  def g(): return x\n  x = 1\n  return g", []),
        ("def f(): return [y for y in Z if y], {k: v for k, v in W}", ["Z", "W"]),
        ("def f(): return lambda a, b=C: a + b + D", ["C", "D"]),
        ("def f():\n  if (n := g()): return n", ["g"]),
        ("@deco(A)\nclass K(B, metaclass=M): ...", ["deco", "A", "B", "M"]),
        ("class K:\n  x: T = N\n  def f(self): return x", ["T", "N", "x"]),
        ("class K:\n  size = 1\n  twice = size\n  def f(self, n=size): return size", ["size"]),
        ("class K:\n  size = 1\n  values = [v for v in range(size)]", ["range"]),
        ("class K:\n  size = 1\n  values = [size for v in ()]", ["size"]),
        ("def f(): return [x for x in x for y in x]", ["x"]),
        ("A = B", ["A", "B"]),
        ("async def f(): return await g()", ["g"]),
    ],
)  # fmt: skip
def test_finds_what_a_definition_takes_from_its_module(code, expected):
    assert free(code) == expected


def test_attributes_and_keywords_are_no_names():
    assert free("def f(self): return self.initialise(key=1)") == []


def test_bound_names_stop_at_inner_scopes():
    body = ast.parse("def f():\n  inner = 1\nclass K:\n  field = 1\nouter = [i for i in ()]").body
    assert bound_names(body) == {"f", "K", "outer"}


NAMES = st.sampled_from("abcd")


def expressions(children):
    return st.one_of(
        st.tuples(children, children).map(lambda p: f"({p[0]} + {p[1]})"),
        st.tuples(NAMES, children).map(lambda p: f"(lambda {p[0]}: {p[1]})"),
        st.tuples(children, NAMES, children).map(lambda p: f"[{p[0]} for {p[1]} in [{p[2]}]]"),
    )


STATEMENTS = st.one_of(
    st.tuples(NAMES, st.recursive(NAMES, expressions, max_leaves=5)).map(" = ".join),
    st.recursive(NAMES, expressions, max_leaves=5),
)


@given(NAMES, st.lists(STATEMENTS, min_size=1, max_size=4))
def test_agrees_with_the_compiler_on_functions(argument, statements):
    code = f"def f({argument}):\n" + "".join(f"  {line}\n" for line in statements)
    compiled = compile(code, "test", "exec")
    (function,) = (c for c in compiled.co_consts if isinstance(c, types.CodeType))
    found = {name for name in free(code) if not hasattr(builtins, name)}
    assert found == global_loads(function)


def global_loads(code):
    """Names that the compiler looks up in the module."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    own = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    return own.union(*map(global_loads, inner))
