-- What wrk sends, told by the arguments after `--`, and one line of figures at the end.
--   KIND TOKEN [ARGUMENTS]
-- Paths and bodies may contain %d, which becomes a random number from 1 to the given count.

local requests = {}

local function head(method, token, more)
  wrk.method = method
  wrk.headers["Authorization"] = "Bearer " .. token
  for name, value in pairs(more or {}) do
    wrk.headers[name] = value
  end
end

local function multipart(bytes)
  local boundary = "bench-boundary"
  local body = "--" .. boundary .. "\r\n"
    .. 'Content-Disposition: form-data; name="file"; filename="bench.bin"\r\n'
    .. "Content-Type: application/octet-stream\r\n\r\n"
    .. string.rep("0123456789abcdef", bytes / 16)
    .. "\r\n--" .. boundary .. "--\r\n"
  return body, "multipart/form-data; boundary=" .. boundary
end

local function fill(text, count)
  return (string.gsub(text, "%%d", function() return math.random(1, count) end))
end

local kinds = {}

function kinds.get(token, path, count, header, value)
  head("GET", token, header and { [header] = value } or nil)
  return function() return wrk.format(nil, fill(path, count)) end
end

function kinds.post(token, path, count, body)
  head("POST", token, { ["Content-Type"] = "application/json" })
  return function() return wrk.format(nil, fill(path, count), nil, fill(body, count)) end
end

function kinds.upload(token, path, count, bytes)
  local body, content_type = multipart(tonumber(bytes))
  head("POST", token, { ["Content-Type"] = content_type })
  wrk.body = body
  local request = wrk.format(nil, (string.gsub(path, "%%d", "1")))
  return function() return request end
end

-- Nine reads for one write, over the paths that people use most.
function kinds.mix(token, count, threads, body)
  head("GET", token, { ["Content-Type"] = "application/json" })
  local reads = {
    "/api/v1/class-management/class-bundles/%d/",
    "/api/v1/communications/threads/%d/messages/?limit=20",
    "/api/v1/class-management/class-bundles/%d/threads/",
    "/api/v1/class-management/class-bundles/%d/files/",
    "/api/v1/class-management/class-bundles/%d/tickets/",
  }
  return function()
    local id = math.random(1, count)
    if math.random(10) == 1 then
      local path = string.format("/api/v1/communications/threads/%d/messages/", math.random(1, threads))
      return wrk.format("POST", path, nil, body)
    end
    return wrk.format("GET", string.format(reads[math.random(#reads)], id))
  end
end

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  math.randomseed(4711 + number)
  local kind = table.remove(args, 1)
  request = kinds[kind](unpack(args))
end

function done(summary, latency, per_request)
  local errors = summary.errors
  io.write(string.format(
    "figures requests=%d micros=%d bytes=%d p50=%d p99=%d max=%d status=%d socket=%d\n",
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
