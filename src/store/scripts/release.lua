-- Lets go of a room, if the node keeps it. KEYS: rooms, the room's door, sessions. ARGV: node, room, session.
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[3] then return 0 end
if redis.call('HGET', KEYS[1], ARGV[2]) == ARGV[1] then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('DEL', KEYS[2])
end
redis.call('SREM', KEYS[1] .. ':' .. ARGV[1], ARGV[2])
return 1
