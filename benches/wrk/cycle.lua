-- Sends the requests of the file $REQUESTS one after the other, from the start again at its end. They stand in it as they go
-- over the wire, separated by lines of "----". Of several threads each sends its share.

dofile(os.getenv("BENCHES") .. "/wrk/done.lua")

function init()
    local file = assert(io.open(os.getenv("REQUESTS")))
    requests, turn = {}, 0
    local number = 0
    for text in file:read("*a"):gmatch("(.-)\n%-%-%-%-\n") do
        if number % threads == thread_number then
            requests[#requests + 1] = text
        end
        number = number + 1
    end
    file:close()
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end
