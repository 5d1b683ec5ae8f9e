-- Requests for wrk: `wrk … -s load.lua URL -- KIND RUN TOKENS [VALUE]`; TOKENS is a file with a token a line.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local kind, run, value
local tokens, sent = {}, 0

function init(arguments)
  kind, run, value = arguments[1], arguments[2], arguments[4]
  for line in io.lines(arguments[3]) do tokens[#tokens + 1] = line end
  math.randomseed(tonumber(run) * 31 + number)
end

local function line(product)
  return string.format('{"productId":"00000000-0000-7000-8000-%012x","quantity":1}', product)
end

local bodies = {
  order = function()
    return '{"items":[' .. line(math.random(1, 1000)) .. ',' .. line(math.random(1001, 2000)) .. ',' ..
      line(math.random(2001, 3000)) .. ']}'
  end,
  hot = function() return '{"items":[' .. line(4000) .. ']}' end,
  payment = function() return '{"amount":3000,"currency":"MYR","paymentMethod":"pm_ok"}' end,
}
local paths = { order = "/v1/orders", hot = "/v1/orders", payment = "/v1/payments", replay = "/v1/orders" }

function request()
  sent = sent + 1
  -- A replay is the first request of another run, again and again.
  local who = kind == "replay" and 1 or math.random(#tokens)
  local headers = { ["authorization"] = "Bearer " .. tokens[who] }
  if kind == "get" then return wrk.format("GET", value, headers) end
  headers["content-type"] = "application/json"
  headers["idempotency-key"] = kind == "replay" and "replayed" or run .. "-" .. number .. "-" .. sent
  local body = kind == "replay" and '{"items":[' .. line(1) .. ',' .. line(2) .. ',' .. line(3) .. ']}' or bodies[kind]()
  return wrk.format("POST", paths[kind], headers, body)
end
