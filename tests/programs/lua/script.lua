-- Works through Lua's language and library, and prints what comes of each part. What has an order of its own, as tables
-- walked by pairs have, is sorted before it is printed.
--
-- usage: lua script.lua ARGUMENT...; writes notes.txt and removes it again, leaves table.lua

local function section(name) print("-- " .. name) end

-- A value in Lua's own syntax, keys sorted.
local function show(value, depth)
    depth = depth or 0
    if type(value) == "string" then return string.format("%q", value) end
    if type(value) ~= "table" then return tostring(value) end
    if depth > 4 then return "..." end
    local parts, length = {}, #value
    for i = 1, length do parts[i] = show(value[i], depth + 1) end
    local keys = {}
    for key in pairs(value) do
        if math.type(key) ~= "integer" or key < 1 or key > length then keys[#keys + 1] = key end
    end
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    for _, key in ipairs(keys) do
        local name = type(key) == "string" and key:match "^[%a_][%w_]*$" or "[" .. show(key) .. "]"
        parts[#parts + 1] = name .. "=" .. show(value[key], depth + 1)
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

-- What a protected call gives, as one string.
local function try(f, ...)
    local results = table.pack(pcall(f, ...))
    for i = 1, results.n do results[i] = show(results[i]) end
    return "<" .. table.concat(results, " ", 1, results.n) .. ">"
end

section "arguments"
print(_VERSION, arg[0], #arg, show { ... })

section "numbers"
print(7 // 2, -7 // 2, 7 % -3, -7 % 3, 7.5 // 2, -7.5 % 2, 2 ^ 10, 10 / 2)
print(1 << 62, 1 << 63, 1 << 64, -1 >> 60, ~0, 0xff ~ 0x0f, 5 & 6, 5 | 6)
print(math.maxinteger, math.mininteger, math.maxinteger + 1 == math.mininteger, math.mininteger // -1)
print(try(function() return 1 // 0 end))
print(1 // 0.0, -1 // 0.0, 0x7fffffffffffffff + 0.0, 1e15, 1e16, 2 ^ 53, 123456789012)
print(3 == 3.0, math.type(3), math.type(3.0), math.type "3", 3 | 0, try(function() return 3.5 | 0 end))
print(tonumber "0x1p4", tonumber "  12  ", tonumber "1e1", tonumber "12a", tonumber("zz", 36), tonumber("-101", 2), tonumber "0x")
print(math.tointeger(3.0), math.tointeger(3.5), math.ult(1, -1), math.abs(math.mininteger), math.fmod(-6, 4), math.fmod(6, -4))
print(math.floor(-3.5), math.ceil(-3.5), math.sqrt(2), math.huge, -math.huge, math.modf(3.75), math.max(1, 5, 3), math.min(2, 0.5))
print("10" + 5, "3" * "4", 10 .. 20, try(function() return "a" + 1 end))
for _, value in ipairs { 0.1, 1 / 3, 100.0, 1e100, -0.0, 2.2250738585072014e-308, 1.7976931348623157e308 } do
    io.write(string.format("%.17g %.3f %a %s\n", value, value < 1e9 and value or 0, value, value))
end
math.randomseed(42)
local sum = 0
for _ = 1, 1000 do sum = sum + math.random(100) end
print(sum, math.random(0) ~= math.random(0), try(math.random, 2, 1))

section "strings"
local text = "The quick brown fox jumps over the lazy dog"
print(#text, text:upper(), text:sub(5, 9), text:sub(-3), text:sub(0), text:sub(10, 3) == "", text:reverse():sub(1, 8))
print(text:find "quick", text:find("o", 20), text:find("(%a+) (%a+)", 11), text:find(".", 1, true), text:find "")
print(text:match "(%w+) over", text:match "^(%S+)", text:match "()fox()", text:gsub("o", "0", 2))
print(text:gsub("%w+", function(word) if #word == 3 then return word:upper() end end))
print(("$name is $age"):gsub("%$(%w+)", { name = "Lua", age = 31 }), ("abc"):gsub("", "-"), ("hello"):gsub("l+", "[%0%%]"))
print(("f(a(b)c)d"):match "%b()", ("THE (quick) fox"):find "%((%a+)%)", ("key = value"):match "^(%w+)%s*=%s*(%w+)$")
print(("one,two,,three"):gsub(",", ";"), ("x"):rep(3, "-"), ("%d"):format(3.0), try(string.format, "%d", 3.5))
print(string.format("%5d|%-5d|%05d|%+d|%x|%X|%o|%c|%e|%g|%10.3s|%%|%i", 42, 42, 42, 42, 255, 255, 8, 65, 12345.678, 0.0001, "abcdef", 7))
print(string.format("%q %q %q %q", "a\nb\0c\"\\", 1 / 3, math.mininteger, true), ("\u{48}\u{20AC}\u{1F600}\x41\065\z
      end"))
print(("frontier THE test"):gsub("%f[%a]%a+", string.lower), ("  trim  "):match "^%s*(.-)%s*$" .. "|")
for key, value in ("a=1, b=22, c=333"):gmatch "(%w+)=(%w+)" do io.write(key, ":", value, " ") end
print(string.byte("ABC", 1, -1), string.char(72, 105), ("a"):byte(10))
print(utf8.len "häßlich €", utf8.char(228, 8364, 128512), utf8.codepoint("€", 1), utf8.offset("aä€", 3), utf8.len "\xff")
for position, code in utf8.codes "aä€😀" do io.write(position, "=", code, " ") end
print(#string.pack("<i4z s1 d", -2, "zero", "one", 1.5), string.unpack("<i4z s1 d", string.pack("<i4z s1 d", -2, "zero", "one", 1.5)))
print(try(string.rep, "x", 1 << 40), try(string.find, "a", "[a"), try(string.gsub, "a", "a", "%2"))
print("a" < "b", "Z" < "a", "" < "a", "a\0b" < "a\0c", try(function() return {} < {} end))

section "tables"
local list = { 5, 2, 8, 1, 9, 3 }
table.sort(list)
print(table.concat(list, " "), #list, table.unpack(list, 2, 4))
table.sort(list, function(a, b) return a > b end)
table.insert(list, 1, 100)
table.insert(list, 7)
print(table.concat(list, " "), table.remove(list), table.remove(list, 1), table.remove({}), #list)
print(show(table.move({ 1, 2, 3 }, 2, 3, 1)), show(table.pack(nil, 2, nil)), select("#", nil, nil), select(-2, "a", "b", "c"))
local words = {}
for word in text:gmatch "%a+" do words[#words + 1] = word:lower() end
table.sort(words, function(a, b) if #a ~= #b then return #a < #b end return a < b end)
print(table.concat(words, ","))
local big = {}
for i = 1, 2000 do big[i] = (i * 7919) % 2003 end
table.sort(big)
local ordered = true
for i = 2, #big do ordered = ordered and big[i - 1] <= big[i] end
print(ordered, big[1], big[1000], big[2000], try(table.sort, { 3, 1, "x" }))
print(try(table.concat, { 1, {}, 3 }), show { 1, 2, nil, 4, x = { y = { z = {} } }, [1.5] = true, ["a b"] = "c" })
local removed = { a = 1, b = 2, c = 3, d = 4 }
for key in pairs(removed) do removed[key] = nil end
print(next(removed), rawlen { 1, 2 }, rawequal(list, list), rawget(setmetatable({}, { __index = { x = 1 } }), "x"))

section "closures"
local function counter()
    local count = 0
    return function() count = count + 1 return count end, function() return count end
end
local increment, read = counter()
increment() increment()
print(increment(), read(), (counter())())
local functions = {}
for i = 1, 3 do functions[i] = function() i = i + 10 return i end end
print(functions[1](), functions[1](), functions[2](), functions[3]())
local function curry(f, n)
    n = n or 2
    if n < 2 then return f end
    return function(a) return curry(function(...) return f(a, ...) end, n - 1) end
end
print(curry(function(a, b, c) return a .. b .. c end, 3) "x" "y" "z")
local function loop(n, total) if n == 0 then return total end return loop(n - 1, total + n) end
print(loop(100000, 0), (function(...) return select("#", ...) end)(table.unpack({}, 1, 200)))
do
    local i = 1
    ::top::
    if i % 2 == 0 then goto continue end
    io.write(i, " ")
    ::continue::
    i = i + 1
    if i <= 9 then goto top end
    print()
end

section "metatables"
local Vector = {}
Vector.__index = Vector
Vector.__name = "Vector"
setmetatable(Vector, { __call = function(class, x, y) return setmetatable({ x = x, y = y }, class) end })
function Vector.__add(a, b) return Vector(a.x + b.x, a.y + b.y) end
function Vector.__mul(a, b) if type(a) == "number" then return Vector(a * b.x, a * b.y) end return a.x * b.x + a.y * b.y end
function Vector.__unm(a) return Vector(-a.x, -a.y) end
function Vector.__eq(a, b) return a.x == b.x and a.y == b.y end
function Vector.__lt(a, b) return a:length() < b:length() end
function Vector.__le(a, b) return a:length() <= b:length() end
function Vector.__len() return 2 end
function Vector.__concat(a, b) return tostring(a) .. "&" .. tostring(b) end
function Vector.__tostring(a) return "(" .. a.x .. ", " .. a.y .. ")" end
function Vector:length() return (self.x ^ 2 + self.y ^ 2) ^ 0.5 end
local v, w = Vector(3, 4), Vector(1, 2)
print(tostring(v + w), v * w, tostring(2 * v), tostring(-v), v == Vector(3, 4), v ~= w, w < v, v <= w, #v, v .. w, v .. 1, v:length())
local log = {}
local proxy = setmetatable({}, {
    __index = function(_, key) log[#log + 1] = "get " .. tostring(key) return #tostring(key) end,
    __newindex = function(t, key, value) log[#log + 1] = "set " .. key rawset(t, key, value) end,
    __pairs = function() return function(_, last) if (last or 0) < 3 then return (last or 0) + 1, "item" end end, nil, nil end,
    __close = function() log[#log + 1] = "close" end,
    __metatable = "locked",
})
proxy.a = proxy.bcd
for key, value in pairs(proxy) do log[#log + 1] = key .. value end
do local closed <close> = proxy log[#log + 1] = "open" end
print(proxy.a, table.concat(log, ","), getmetatable(proxy), try(setmetatable, proxy, {}))
print(getmetatable "".__index == string, try(function() local fixed <const> = 1 return fixed + nil end))
local Animal = {} Animal.__index = Animal
function Animal.new(class, name) return setmetatable({ name = name }, class) end
function Animal:speak() return self.name .. " makes " .. self:sound() end
local Dog = setmetatable({}, { __index = Animal }) Dog.__index = Dog
function Dog:sound() return "woof" end
print(Dog:new("Rex"):speak(), try(Animal.speak, Animal:new "It"))

section "errors"
print(try(error, "plain"), try(error, "level 2", 2), try(error), select("#", try(error, nil)))
print(try(error, setmetatable({}, { __tostring = function() return "object" end })))
print(try(function() local a = {} a.b.c = 1 end), try(function() undefined() end))
print(try(function() return #5 end), try(function() return ("x")() end), try(next, {}, "no"))
print(xpcall(function() error { code = 7 } end, function(e) return "handled " .. e.code end))
print(xpcall(function(...) return select("#", ...) end, print, 1, nil, nil), select(2, xpcall(error, function(m) return m:upper() end, "up")))
print(try(function() local _, message = pcall(error, "inner") error("outer of " .. message, 0) end))
local function deep(n) if n == 0 then error("bottom", 0) end local ok, message = pcall(deep, n - 1) error(message .. ".", 0) end
print(#try(deep, 100), try(deep, 3))
local function endless(n) return 1 + endless(n + 1) end
local ok, message = pcall(endless, 1)
print(ok, message:match "stack overflow")
for _, code in ipairs { "return 1 +", "x = = 1", "goto nowhere", "break", "'unfinished", "local a <const> = 1; a = 2", "x = }", "--[[" } do
    print(load(code))
end
print(load("return ...", "chunk", "t", {})(5), try(load, nil), load(function() return nil end) ~= nil)
local thrown = 0
for i = 1, 20000 do
    local ok = pcall(function() if i % 3 == 0 then error(i) end end)
    if not ok then thrown = thrown + 1 end
end
print(thrown, debug.traceback("trace", 1):match "^trace\nstack traceback:\n", try(assert, false, "claim"), try(assert, nil))

section "coroutines"
local function numbers(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end return "end" end) end
local gather = {}
for number in numbers(5) do
    gather[#gather + 1] = number
    if number == "end" then break end
end
print(table.concat(gather, " "))
local co = coroutine.create(function(a, b)
    local c = coroutine.yield(a + b)
    local d, e = coroutine.yield(c * 2)
    local ok, thrown = pcall(function() coroutine.yield "inside pcall" error "after" end)
    print(ok, thrown)
    return d + e, coroutine.isyieldable(), select(2, coroutine.running())
end)
print(coroutine.resume(co, 1, 2)) print(coroutine.resume(co, 10)) print(coroutine.resume(co, 3, 4))
print(coroutine.status(co), coroutine.resume(co)) print(coroutine.status(co), coroutine.resume(co))
local function permutations(items, n)
    n = n or #items
    if n <= 1 then return coroutine.yield(table.concat(items)) end
    for i = 1, n do
        items[n], items[i] = items[i], items[n]
        permutations(items, n - 1)
        items[n], items[i] = items[i], items[n]
    end
end
local all = {}
for permutation in coroutine.wrap(function() permutations { "a", "b", "c", "d" } end) do all[#all + 1] = permutation end
table.sort(all)
print(#all, all[1], all[12], all[24], try(coroutine.wrap(function() error "in it" end)), coroutine.isyieldable())
local closing = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function(_, e) print("closed", e) end })
    coroutine.yield()
end)
coroutine.resume(closing)
print(coroutine.close(closing), coroutine.status(closing), coroutine.resume(coroutine.create(function() return table.sort({ 2, 1 }, function(a, b) coroutine.yield() end) end)))
local sieve = coroutine.wrap(function()
    local source = function() for i = 2, math.huge do coroutine.yield(i) end end
    while true do
        local upstream = coroutine.wrap(source)
        local prime = upstream()
        coroutine.yield(prime)
        source = function() for i in upstream do if i % prime ~= 0 then coroutine.yield(i) end end end
    end
end)
for _ = 1, 20 do io.write(sieve(), " ") end
print()

section "files"
local file = assert(io.open("notes.txt", "w"))
print(file:write("first line\n", 42, " ", 1.5, "\n", "third\n") == file, io.type(file), file:seek "cur", file:seek("set", 6), file:write "LINE" == file)
file:close()
print(io.type(file), try(file.read, file), tostring(file))
for line in io.lines "notes.txt" do io.write("[", line, "]") end
print()
for a, b in io.lines("notes.txt", 1, "l") do io.write(a, "+", b, " ") end
print()
file = io.open("notes.txt", "a+")
file:write "0x10 -3.5e1 nan"
file:seek "set"
print(file:read("l", "n", "n", "L", "l", "n", "n", "n", "a", "a", "l"))
file:close()
print((select(2, io.open "missing.txt")), (select(2, io.open("missing/notes.txt", "w"))), try(io.open, "notes.txt", "z"), try(io.lines, "missing.txt"))
print(os.rename("notes.txt", "renamed.txt"), os.remove "renamed.txt", (select(2, os.remove "renamed.txt")), (io.open "notes.txt"))
file = io.open("table.lua", "wb")
file:setvbuf("full", 64)
file:write("return ", show { 1, 2, 3, name = "saved", nested = { true, false } }, "\n")
file:close()
package.path = "?.lua"
print(show(dofile "table.lua"), loadfile "missing.lua", require "table" == table, pcall(require, "nothing"))
package.loaded.table = nil
print(show((require "table")), show(package.loaded.table))
print(os.date("!%Y-%m-%d %H:%M:%S", 86400 * 365), os.time { year = 2000, month = 1, day = 1, hour = 12, isdst = false } % 3600, os.getenv "LUA_TEST", os.getenv "NONE")
print(os.date("!*t", 1e9).yday, os.difftime(5, 3), try(os.date, "%Ez", 0), os.setlocale "C")
print(io.read("n", "l", "L", 3, "a"))

section "garbage"
local weak = setmetatable({}, { __mode = "k" })
for i = 1, 100 do weak[{}] = i end
weak[log] = "kept"
local finalized = 0
for _ = 1, 50 do setmetatable({}, { __gc = function() finalized = finalized + 1 end }) end
collectgarbage() collectgarbage()
print(next(weak) == log, next(weak, log), finalized, collectgarbage "count" > 10, collectgarbage "generational", collectgarbage "incremental")
local chunks = {}
for i = 1, 20000 do chunks[i % 100 + 1] = ("chunk " .. i):rep(i % 7) end
print(#table.concat(chunks), string.dump(loop):sub(1, 4) == "\27Lua", load(string.dump(function(n) return n * 2 end))(21))

section "end"
os.exit(show { 1, { 2 } } == "{1, {2}}" and 5 or 1, true)
