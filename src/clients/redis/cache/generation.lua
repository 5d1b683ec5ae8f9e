-- The generation of the space whose key is KEYS[1], made if need be; what follows goes on with it.
local generation = redis.call('GET', KEYS[1])
if not generation then
  local time = redis.call('TIME')
  generation = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('SET', KEYS[1], generation)
end
