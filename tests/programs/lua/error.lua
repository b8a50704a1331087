-- Ends in an error that nobody catches, out of a coroutine and behind pending variables that close.
local pending <close> = setmetatable({}, { __close = function(_, message) print("closed", message) end })
print "before"
coroutine.wrap(function() error "uncaught" end)()
print "never"
