-- A POST with the body of the variable BODY. In it "{n}" becomes the number of the request and "{account}" one of 5,000, so
-- that no two requests are the same. Prints what came of it as JSON in its last line.
local body = os.getenv("BODY")
local n = tonumber(os.getenv("FIRST"))

wrk.method = "POST"
wrk.body = body

if body:find("{n}", 1, true) then
  request = function()
    n = n + 1
    local numbered = body:gsub("{n}", n):gsub("{account}", n % 5000)
    return wrk.format(nil, nil, nil, numbered)
  end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '\n{"perSecond":%f,"medianMs":%f,"p99Ms":%f,"refused":%d,"failed":%d}',
    summary.requests * 1e6 / summary.duration,
    latency:percentile(50) / 1000,
    latency:percentile(99) / 1000,
    errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
