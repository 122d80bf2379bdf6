-- Drives Kith with requests from a file, one a line: method, path, key and body, separated by tabs. They are
-- walked in the order of the file, again and again. "{n}" in a body becomes another word each time.

local requests, place, count, mark = {}, 0, 0, ""

function init(args)
    mark = args[2]
    for line in io.lines(args[1]) do
        local method, path, key, body = line:match("^(%S+)\t(%S+)\t(%S+)\t(.*)$")
        local headers = { ["Authorization"] = "Bearer " .. key }
        if body == "" then
            body = nil
        else
            headers["Content-Type"] = "application/json"
        end
        if body and body:find("{n}", 1, true) then
            table.insert(requests, function(word)
                return wrk.format(method, path, headers, (body:gsub("{n}", word)))
            end)
        else
            local text = wrk.format(method, path, headers, body)
            table.insert(requests, function() return text end)
        end
    end
end

function request()
    place = place % #requests + 1
    count = count + 1
    return requests[place](mark .. count)
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"micros":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
        errors.connect + errors.read + errors.write + errors.timeout))
end
