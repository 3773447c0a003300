"""What happens to records that fail: decide, wait, hold, bury, bring back.

policy      (reason, tries) -> again, held or dead            pure
routing     failed record -> the messages that decision needs  pure
breaker     pauses a lane whose destination is down            pure
retry_worker, held, mappings                                   workers on librdkafka
dead, plan, replay, edit                                       what people do with dead records
"""
