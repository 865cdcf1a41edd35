-- A crowd: on each connection a request of cycle.lua, or one in eight times a refresh, then a pause of $PAUSE milliseconds
-- on average. An answer without a token is that to one of the others.

local folder = os.getenv("BENCHES") .. "/wrk/"
dofile(folder .. "refresh.lua")
local read_tokens, refresh = init, request
dofile(folder .. "cycle.lua")
local read_requests, cycle = init, request
local pause = tonumber(os.getenv("PAUSE"))

function init()
    read_tokens()
    read_requests()
end

function delay()
    return math.random(0, 2 * pause)
end

function request()
    if math.random(8) == 1 and tokens[first] then
        return refresh()
    end
    return cycle()
end
