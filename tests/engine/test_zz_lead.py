from __future__ import annotations
import asyncio, threading, time
import pytest
from dataclasses import dataclass, field
from tests.engine.test_engine import *
from tests.engine.test_engine import make, engine, two

def test_1_caller_remembers_the_stop():
    async def s():
        p=Counting()
        caller = Caller(CallPolicy(30, RetryPolicy(3, 60.0, lambda: 0.0), Ceilings(4)), Prices(), LocalState())
        caller.stop()
        with pytest.raises(Stopped):
            await caller.call(p, ask("Hi"))
        assert p.asked == []
    asyncio.run(s())

def test_2_stop_ends_the_wait_before_a_retry(make):
    engine, p = make(), Failing(errors=[RateLimited("429", 20.0)])
    [f] = submit(engine, p, "Hi")
    while not p.asked: time.sleep(0.01)
    engine.stop()
    with pytest.raises(CallError):
        f.result(timeout=3)

def test_3_an_application_may_ask_another_of_the_same_kind(make):
    engine = make(concurrency=1)
    inner = App(None, model=Counting())
    outer = App(None, model=engine.metered(inner))
    [f] = submit(engine, outer, "Hi")
    assert f.result(timeout=3)

def test_4_budget_counts_the_calls_of_an_app_once(make):
    engine = make(usd=10.0)
    app = App("x", model=engine.metered(Counting()))
    engine.complete(app, ask("Hi", max_tokens=100))
    d = engine.run(engine._caller.state.change("budget", dict))
    assert d["spent"] == pytest.approx(2*PRICE)

def test_5_budget_no_deadlock_with_priced_app(make):
    engine = make(usd=0.6)
    app = App("app", model=engine.metered(Counting()), call_usd=0.5)
    [f] = submit(engine, app, "Hi")
    assert f.result(timeout=3)

def test_6_sync_close_that_raises(make):
    closed=[]
    class S(MemoryStore):
        async def close(self): closed.append(1)
    class Bad(Counting):
        def close(self): raise ValueError("x")
    engine = make(store=S()); good=Counting("g")
    engine.complete(Bad(), ask("Hi")); engine.complete(good, ask("Hi"))
    try: engine.close()
    except ValueError: pass
    assert good.closed and closed

def test_7_two_workers_record_the_app_as_through(make, tmp_path):
    for i in range(2):
        pass
    recs=[Recordings("once", tmp_path, None) for _ in range(2)]
    engs=[make(store=SqliteStore(tmp_path/"s.sqlite","run",member=f"gw{i}"), recordings=recs[i]) for i in range(2)]
    for e in engs:
        app = App("app", model=e.metered(Counting()))
        with asking(HERE):
            e.complete(app, ask("Hi"))
    for r in recs[1:]:
        recs[0].merge(r.changes())
    import json
    kinds=[("through" in entry.content(), "completion" in entry.content()) for entries in recs[0]._noted.values() for entry in entries.values() if entry.provider=="app"]
    assert kinds == [(True, False)]

def test_8_a_timeout_may_have_cost_something(make):
    engine = make(usd=10.0, timeout_s=0.05)
    with pytest.raises(CallTimeout):
        engine.complete(Counting(), ask("hang", max_tokens=100))
    d = engine.run(engine._caller.state.change("budget", dict))
    assert d["spent"] > 0

def test_9_store_is_closed_where_leaving_fails(make, tmp_path):
    pass
