-- Runs a health check as Argo CD does: the object as the global `obj`, the health as what the script returns.
-- Arguments: the script, a file with `return <object as a Lua table>`. Prints status and message on two lines.
obj = dofile(arg[2])
local health = dofile(arg[1])
print(health.status)
print(health.message)
