-- Daily work of scripts in amounts that can be measured: calls, tables, strings, closures, coroutines, caught errors.
--
-- usage: lua load.lua [SCALE]; 60 takes about a second natively
local scale = tonumber(arg[1]) or 10

local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local calls = 0
for _ = 1, scale do calls = calls + fib(20) end
print("calls", calls)

local function tree(depth) if depth == 0 then return {} end return { tree(depth - 1), tree(depth - 1) } end
local function count(node) if not node[1] then return 1 end return 1 + count(node[1]) + count(node[2]) end
local nodes = 0
for _ = 1, scale do nodes = nodes + count(tree(13)) end
print("tables", nodes)

local words, seen = {}, {}
for i = 1, 8000 * scale do
    local word = ("w%d"):format(i * 7919 % 3001)
    seen[word] = (seen[word] or 0) + 1
    if seen[word] == 1 then words[#words + 1] = word end
end
table.sort(words, function(a, b) if seen[a] ~= seen[b] then return seen[a] > seen[b] end return a < b end)
print("strings", #words, words[1], seen[words[1]], #table.concat(words, " "):gsub("%d+", "%0%0"))

local sum = 0
for i = 1, 20000 * scale do
    local add = function(x) return x + i end
    sum = add(sum) % 1000003
end
print("closures", sum)

local total = 0
for value in coroutine.wrap(function() for i = 1, 20000 * scale do coroutine.yield(i % 7) end end) do total = total + value end
print("coroutines", total)

local caught = 0
for i = 1, 10000 * scale do
    if not pcall(error, i) then caught = caught + 1 end
end
print("errors", caught)

local n, product = 50, 0.0
for i = 1, n * scale do
    for j = 1, n do
        local cell = 0.0
        for k = 1, n do cell = cell + (i * k % 11) * (k * j % 13) end
        product = product + cell
    end
end
print("numbers", product)
