-- Decides one request of one caller under several policies, at once: it passes where each lets it pass, and only then is
-- taken from each. The laws are those of resilience/rate_limit/law, number by number; every number is a whole one below
-- 2^53, so that doubles hold it exactly.
--
-- KEYS     one for each policy, all with the same hash tag
-- ARGV[1]  the time in microseconds since the epoch, or '' for the server's own
-- ARGV[2]  'take' or 'look'
-- ARGV[3…] for each policy: algorithm, limit, window, interval, burst (window and interval in microseconds)
-- answers  for each policy: allowed (0 or 1), remaining, retry after, whole after (microseconds)

local given = ARGV[1] ~= ''
local now
if given then
  now = tonumber(ARGV[1])
else
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function text(number)
  return string.format('%.0f', number)
end

-- A time that was given may stand still for longer than the server's, so nothing expires by that.
local function keep(key, value, microseconds)
  if given then
    redis.call('SET', key, value)
  else
    redis.call('SET', key, value, 'PX', text(math.max(1, math.ceil(microseconds / 1000))))
  end
end

local function whole(key, pattern)
  local value = redis.call('GET', key)
  if value then
    return string.match(value, pattern)
  end
end

local function standing(remaining, retry_after, whole_after)
  remaining = math.max(0, remaining)
  if remaining > 0 then
    retry_after = 0
  end
  return { remaining > 0 and 1 or 0, remaining, math.max(0, retry_after), math.max(0, whole_after) }
end

-- No more is missing than all of it: where that seems so, the clock has gone back.
local function missing_in(key, p)
  local depth, missing = p.interval * p.burst, tonumber(redis.call('GET', key) or '0') - now
  if missing > depth then
    keep(key, text(now + depth), depth)
  end
  return math.min(math.max(0, missing), depth)
end

local bucket = {
  look = function(key, p)
    local missing, depth = missing_in(key, p), p.interval * p.burst
    return standing(math.floor(math.max(0, depth - missing) / p.interval), missing + p.interval - depth, missing)
  end,
  take = function(key, p)
    local whole_at = now + missing_in(key, p) + p.interval
    keep(key, text(whole_at), whole_at - now)
  end,
}

local function count_in(key, start)
  local begun, count = whole(key, '^(%d+):(%d+)$')
  if begun and tonumber(begun) == start then
    return tonumber(count)
  end
  return 0
end

local fixed_window = {
  look = function(key, p)
    local into = now % p.window
    local count, left = count_in(key, now - into), p.window - into
    return standing(p.limit - count, left, count == 0 and 0 or left)
  end,
  take = function(key, p)
    local start = now - now % p.window
    keep(key, text(start) .. ':' .. text(count_in(key, start) + 1), start + p.window - now)
  end,
}

-- What is older than the window, and what the clock says is still to come: that was before it went back.
local function forget_outside(key, window)
  local newest = redis.call('LINDEX', key, -1)
  while newest and tonumber(newest) > now do
    redis.call('RPOP', key)
    newest = redis.call('LINDEX', key, -1)
  end
  local oldest = redis.call('LINDEX', key, 0)
  while oldest and tonumber(oldest) + window <= now do
    redis.call('LPOP', key)
    oldest = redis.call('LINDEX', key, 0)
  end
  return oldest
end

local sliding_window = {
  look = function(key, p)
    local oldest = forget_outside(key, p.window)
    if not oldest then
      return standing(p.limit, 0, 0)
    end
    local newest = redis.call('LINDEX', key, -1)
    return standing(p.limit - redis.call('LLEN', key), tonumber(oldest) + p.window - now,
      tonumber(newest) + p.window - now)
  end,
  take = function(key, p)
    redis.call('RPUSH', key, text(now))
    if not given then
      redis.call('PEXPIRE', key, text(math.ceil(p.window / 1000)))
    end
  end,
}

-- The counts in the windows of this time; milliseconds.
local function seen(key, window)
  local instant = math.floor(now / 1000)
  local start = instant - instant % window
  local begun, current, previous = whole(key, '^(%d+):(%d+):(%d+)$')
  begun = tonumber(begun or '-1')
  if begun == start then
    return start, tonumber(current), tonumber(previous), instant - start
  elseif begun + window == start then
    return start, 0, tonumber(current), instant - start
  end
  return start, 0, 0, instant - start
end

local function share_fits(previous, room, window)
  if previous == 0 then
    return 0
  end
  return math.max(0, window - math.floor(room * window / previous))
end

local sliding_window_counter = {
  look = function(key, p)
    local window = p.window / 1000
    local start, current, previous, elapsed = seen(key, window)
    local counted = current + math.floor((previous * (window - elapsed) + window - 1) / window)
    local retry_at
    if current < p.limit then
      retry_at = start + share_fits(previous, p.limit - 1 - current, window)
    else
      retry_at = start + window + share_fits(current, p.limit - 1, window)
    end
    local whole_at = 0
    if current > 0 then
      whole_at = start + 2 * window
    elseif previous > 0 then
      whole_at = start + window
    end
    return standing(p.limit - counted, retry_at * 1000 - now, whole_at * 1000 - now)
  end,
  take = function(key, p)
    local window = p.window / 1000
    local start, current, previous = seen(key, window)
    keep(key, text(start) .. ':' .. text(current + 1) .. ':' .. text(previous), (start + 2 * window) * 1000 - now)
  end,
}

local laws = {
  token_bucket = bucket,
  leaky_bucket = bucket,
  fixed_window = fixed_window,
  sliding_window = sliding_window,
  sliding_window_counter = sliding_window_counter,
}

local policies, standings, pass = {}, {}, true
for i = 1, #KEYS do
  local at = 3 + (i - 1) * 5
  policies[i] = {
    law = laws[ARGV[at]],
    limit = tonumber(ARGV[at + 1]),
    window = tonumber(ARGV[at + 2]),
    interval = tonumber(ARGV[at + 3]),
    burst = tonumber(ARGV[at + 4]),
  }
  standings[i] = policies[i].law.look(KEYS[i], policies[i])
  pass = pass and standings[i][1] == 1
end

if pass and ARGV[2] == 'take' then
  for i, policy in ipairs(policies) do
    policy.law.take(KEYS[i], policy)
    standings[i] = policy.law.look(KEYS[i], policy)
    standings[i][1] = 1
  end
end

local answer = {}
for _, one in ipairs(standings) do
  for _, number in ipairs(one) do
    answer[#answer + 1] = number
  end
end
return answer
