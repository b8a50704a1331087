// Runs a script with Lua's interpreter and standard library.
//
// usage: lua SCRIPT [ARGUMENT...]; the script finds them in `arg`, as with Lua's own shell, and in `...`
// exit code: what the script gives to os.exit; else 0, or 1 if it cannot be read or ends in an error

#include <stdio.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

enum { EXIT_USAGE = 64 };

// Turns what was thrown into a message with the calls that led there.
static int explain(lua_State *state) {
    luaL_traceback(state, state, luaL_tolstring(state, 1, NULL), 1);
    return 1;
}

// Runs the script of the command line, which it gets as its only two arguments.
static int run(lua_State *state) {
    int count = (int)lua_tointeger(state, 1);
    char **arguments = lua_touserdata(state, 2);
    luaL_openlibs(state);
    lua_createtable(state, count - 2, 2);
    for (int i = 0; i < count; i++) {
        lua_pushstring(state, arguments[i]);
        lua_rawseti(state, -2, i - 1);
    }
    lua_setglobal(state, "arg");
    if (luaL_loadfile(state, arguments[1]) != LUA_OK) return lua_error(state);
    luaL_checkstack(state, count, "too many arguments");
    for (int i = 2; i < count; i++) lua_pushstring(state, arguments[i]);
    lua_call(state, count - 2, 0);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s SCRIPT [ARGUMENT...]\n", argv[0]);
        return EXIT_USAGE;
    }
    lua_State *state = luaL_newstate();
    if (state == NULL) {
        fputs("no memory for Lua\n", stderr);
        return 1;
    }
    lua_pushcfunction(state, explain);
    lua_pushcfunction(state, run);
    lua_pushinteger(state, argc);
    lua_pushlightuserdata(state, argv);
    int status = lua_pcall(state, 2, 0, 1);
    if (status != LUA_OK) fprintf(stderr, "lua: %s\n", lua_tostring(state, -1));
    lua_close(state);
    return status == LUA_OK ? 0 : 1;
}
