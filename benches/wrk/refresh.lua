-- Refreshes over and over: each request spends a token that an answer gave. $TOKENS is a file with the first ones.

dofile(os.getenv("BENCHES") .. "/wrk/done.lua")

function init()
    tokens, first, last = {}, 1, 0
    local number = 0
    for token in io.lines(os.getenv("TOKENS")) do
        if number % threads == thread_number then
            last = last + 1
            tokens[last] = token
        end
        number = number + 1
    end
end

function request()
    local token = tokens[first]
    tokens[first], first = nil, first + 1
    return wrk.format("POST", "/auth/refresh", {
        ["Cookie"] = "refresh_token=" .. token,
        ["X-Forwarded-For"] = string.format("10.%d.%d.%d", math.random(0, 255), math.random(0, 255), math.random(1, 254)),
    })
end

function response(status, headers)
    local token = (headers["set-cookie"] or ""):match("refresh_token=([^;]+)")
    if token then
        last = last + 1
        tokens[last] = token
    end
end
