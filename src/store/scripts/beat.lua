-- Renews a node's lease, and forgets nodes whose lease has ended, with their hold on rooms (the doors stay for who takes over).
-- What a session wrote before it broke may arrive after the next one began: only the latest of a node counts.
-- KEYS: nodes (by the end of their lease, in ms), rooms (who keeps them), sessions. ARGV: node, lease in ms, session, 'begin' for
-- its first beat. Returns whether the lease had not ended, and all nodes that have one.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, lost in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  for _, room in ipairs(redis.call('SMEMBERS', KEYS[2] .. ':' .. lost)) do
    redis.call('HDEL', KEYS[2], room)
  end
  redis.call('DEL', KEYS[2] .. ':' .. lost)
  redis.call('ZREM', KEYS[1], lost)
  redis.call('HDEL', KEYS[3], lost)
end
if ARGV[4] == 'begin' then redis.call('HSET', KEYS[3], ARGV[1], ARGV[3]) end
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[3] then return {'over'} end
local kept = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local answer = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(answer, 1, kept and 'kept' or 'new')
return answer
