-- What every script here shares: threads know their number, and the end is told in one line that bin/bench reads.

local count = 0

function setup(thread)
    thread:set("thread_number", count)
    thread:set("threads", tonumber(os.getenv("THREADS")))
    count = count + 1
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        "RESULT requests=%d microseconds=%d bytes=%d connect=%d read=%d write=%d timeout=%d status=%d p50=%d p99=%d worst=%d\n",
        summary.requests, summary.duration, summary.bytes, errors.connect, errors.read, errors.write, errors.timeout,
        errors.status, latency:percentile(50), latency:percentile(99), latency.max))
end
