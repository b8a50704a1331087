# Works through the language and its library, and prints what comes of each part. Leaves no file behind.
#
# usage: python script.py ARGUMENT...; expected.txt is what CPython 3.12 prints natively
import array, ast, asyncio, base64, bisect, collections, contextlib, csv, dataclasses, datetime, decimal, enum, fractions, functools
import hashlib, heapq, io, itertools, json, math, operator, os, pickle, random, re, statistics, string, struct, sys, tempfile, textwrap
import traceback, typing, unicodedata, zlib


def section(name):
    print("--", name)


def attempt(f):
    try:
        return f()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


section("arguments")
print(sys.version_info[:2], sys.argv, os.environ.get("PY_TEST"), sys.byteorder)

section("numbers")
print(2**200, -7 // 2, -7 % 3, divmod(7, -2), pow(3, 1000, 1009), 0.1 + 0.2, 1e16, 5e-324, math.isqrt(10**40), round(2.5), round(-1.55, 1))
print(f"{1234567.891:,.2f} {255:#x} {-5:+05d} {0.00001:g} {1 / 3:.10e} {True!r:>6}", (0.1).hex(), float.fromhex("0x1.8p1"), int("z", 36), 1_000)
print(decimal.Decimal(1) / 7, fractions.Fraction(3, 7) ** 2, complex(1, -2) * 3j, math.gcd(84, 36), statistics.stdev([1, 2, 4, 8]), math.factorial(25))
print(attempt(lambda: 1 / 0), attempt(lambda: 10**400 * 1.0), attempt(lambda: int("x")), attempt(lambda: math.sqrt(-1)), len(str(3**5000)))
random.seed(42)
print(random.random(), random.randint(1, 100), random.sample(range(50), 5))

section("text")
text = "The quick brown fox"
print(text.title(), text[::-1], text.partition(" "), "ß".upper(), "ä".encode(), unicodedata.name("€"), "x".center(5, "*"), "a,b,,c".split(","))
print(re.sub(r"(\w+) (\w+)", r"\2 \1", text), re.findall(r"(?P<k>\w)=(\d+)", "a=1 b=22"), re.split(r"[,;]\s*", "1, 2;3"), re.match(r"(?<!x)T(?=h)", text).span())
print(textwrap.fill("word " * 12, 30), string.Template("$a is ${b}").substitute(a=1, b=2), repr("tab\t\x00é\ud800"), ascii("é"))
print(attempt(lambda: b"\xff".decode()), attempt(lambda: re.compile("(")), "{0[k]!r:>{w}}".format({"k": "v"}, w=6), "%s %05.1f %x" % ("a", 2.25, 255))

section("collections")
print(sorted({3, 1, 2}), {k: v for k, v in zip("abc", range(3))}, collections.Counter("mississippi").most_common(2), [*range(10)][2:8:3], {**{"a": 1}, "b": 2} | {"a": 3})
queue = collections.deque(range(5), maxlen=3)
queue.rotate(1)
first, *middle, last = range(6)
print(queue, first, middle, last, collections.OrderedDict(b=1, a=2), heapq.nsmallest(2, [5, 1, 4]), bisect.bisect([1, 3, 5], 3), array.array("h", [1, -2]).tobytes())
print(list(itertools.islice(itertools.permutations("abc"), 3)), list(itertools.accumulate([1, 2, 3], operator.mul)), functools.reduce(operator.add, range(5)))
print(attempt(lambda: {}["k"]), attempt(lambda: [].pop()), attempt(lambda: {[]: 1}), attempt(lambda: (1, 2) + [3]))
table = {i * 7919 % 10007: i for i in range(20000)}
print(len(table), sum(table), list(table)[:3], sorted(range(1000), key=lambda i: (i * 37) % 101)[:5])


section("classes")


@dataclasses.dataclass(order=True, frozen=True)
class Point:
    x: int
    y: int = 0

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)


class Color(enum.Enum):
    RED = 1
    BLUE = enum.auto()


class Meta(type):
    def __new__(mcs, name, bases, namespace, **options):
        return super().__new__(mcs, name, bases, namespace | {"made": name.lower()}, **options)


class Base(metaclass=Meta):
    def __init_subclass__(cls, **options):
        cls.options = options

    def __getattr__(self, name):
        return f"no {name}"


class Left(Base, tag="l"):
    def who(self):
        return "left"


class Right(Base):
    def who(self):
        return "right"


class Both(Left, Right):
    @property
    def value(self):
        return super().who() + Right.who(self)


print(Point(1, 2) + Point(3), Point(1) < Point(2), attempt(lambda: setattr(Point(1), "x", 2)), Color(2), Color["RED"].value, [c.name for c in Color])
print(Both().value, Both.made, Left.options, Both().anything, [c.__name__ for c in Both.__mro__], attempt(lambda: type("X", (Left, Base, Right), {})()))


def classify(value):
    match value:
        case 0 | 1:
            return "small"
        case int(n) if n > 100:
            return f"big {n}"
        case [first, *rest]:
            return f"list {first} {len(rest)}"
        case {"kind": kind, **others}:
            return f"{kind} {others}"
        case Point(x=0, y=y):
            return f"on axis {y}"
        case _:
            return "other"


print([classify(v) for v in (1, 200, [1, 2, 3], {"kind": "k", "z": 1}, Point(0, 5), "text")])

section("functions and generators")


def counter():
    count = 0

    def increment(by=1, /, *, twice=False):
        nonlocal count
        count += by * (2 if twice else 1)
        return count

    return increment


increment = counter()
increment(5)
print(increment(twice=True), attempt(lambda: increment(by=1)), (lambda *a, **k: (a, k))(1, *[2], c=3))


def echo():
    received = []
    try:
        while True:
            received.append((yield len(received)))
    except ValueError as error:
        yield f"caught {error}"
    finally:
        print("closed", received)


generator = echo()
print(next(generator), generator.send("a"), generator.send("b"), generator.throw(ValueError("v")))
generator.close()


@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(30), fib.cache_info().hits, sum(x * x for x in range(10) if x % 2), [y := 5, y**2])


def flatten(items):
    for item in items:
        if isinstance(item, list):
            yield from flatten(item)
        else:
            yield item


print(list(flatten([1, [2, [3, [4]], 5]])))

section("errors")


@contextlib.contextmanager
def managed(name):
    print("enter", name)
    try:
        yield name
    except KeyError as error:
        print("suppressed", error)
    finally:
        print("exit", name)


with managed("a"), managed("b"):
    raise KeyError("k")
try:
    try:
        raise ValueError("inner")
    except ValueError as error:
        raise RuntimeError("outer") from error
except RuntimeError as error:
    print(repr(error), repr(error.__cause__), traceback.extract_tb(error.__traceback__)[0].name)
try:
    raise ExceptionGroup("many", [ValueError(1), TypeError(2), ValueError(3)])
except* ValueError as group:
    print("values", [str(e) for e in group.exceptions])
except* TypeError as group:
    print("types", len(group.exceptions))


def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)


print(deep(500), attempt(lambda: eval("1 +")), attempt(lambda: undefined), attempt(lambda: None.x), attempt(lambda: exec("raise StopIteration(3)")))
caught = 0
for i in range(20000):
    try:
        if i % 3 == 0:
            raise IndexError(i)
    except IndexError:
        caught += 1
print(caught, (lambda: [1])()[0], attempt(lambda: deep(10**6))[:14])

section("data")
record = {"name": "ä", "list": [1, 2.5, None, True], "nested": {"k": "v"}}
print(json.dumps(record), json.loads('{"a": [1, {"b": "\\u20ac"}]}'), attempt(lambda: json.loads("{,}")), pickle.loads(pickle.dumps(record)) == record)
print(hashlib.sha256(b"x" * 1000).hexdigest(), hashlib.md5(b"").hexdigest(), zlib.crc32(b"hello"), base64.b64encode(b"\x00\xff").decode(), struct.pack("<hIq", -1, 2, 3).hex())
packed = zlib.compress(text.encode() * 500, 9)
print(len(packed) < 200, zlib.decompress(packed).count(b"fox"), ast.dump(ast.parse("a + 1", mode="eval")), ast.literal_eval("[1, {'a': (2,)}]"))
out = io.StringIO()
csv.writer(out).writerows([["a", 'quote"d', "c,d"], [1, 2, 3]])
print(repr(out.getvalue()), list(csv.reader(io.StringIO(out.getvalue()))))
print(datetime.date(2024, 2, 29) + datetime.timedelta(days=366), datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc).isoformat(), datetime.date(2026, 1, 31).strftime("%j %a"))

section("files")
with open("notes.txt", "w+", encoding="utf-8", newline="\n") as file:
    print(file.write("first\nsecond ä\nthird"), file.tell(), file.seek(6), file.readline(), file.read())
with open("notes.txt", "rb") as file:
    file.seek(-5, os.SEEK_END)
    print(file.read(), os.stat("notes.txt").st_size, os.path.exists("missing"), attempt(lambda: open("missing/x"))[:17])
os.makedirs("made/deep", exist_ok=True)
os.rename("notes.txt", "made/deep/notes.txt")
print(sorted(os.listdir("made/deep")), [(d, sorted(f)) for d, _, f in os.walk("made")], attempt(lambda: os.rmdir("made"))[:7])
os.remove("made/deep/notes.txt")
os.removedirs("made/deep")
print(sys.stdin.readline().strip(), [line.rstrip("\n") for line in sys.stdin], os.path.isdir("made"))

section("asynchronous")


class Steps:
    def __init__(self, n):
        self.n = n

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.n == 0:
            raise StopAsyncIteration
        self.n -= 1
        return self.n


async def collect():
    return [i async for i in Steps(4)]


def drive(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as stop:
        return stop.value


print(drive(collect()), typing.get_type_hints(Point))
sys.exit(9)
