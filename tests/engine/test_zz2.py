from __future__ import annotations
import asyncio, threading, time, sys
import pytest
from tests.engine.test_engine import *
from tests.engine.test_engine import make, engine, two

def test_threads_first(make):
    sys.setswitchinterval(1e-6)
    bad=0
    for _ in range(100):
        e = make(); p = Counting(); b = threading.Barrier(8)
        def go():
            b.wait(); e.complete(p, ask("Hi"))
        ts=[threading.Thread(target=go) for _ in range(8)]
        [t.start() for t in ts]; [t.join(20) for t in ts]
        n=sum(t.name=="llmeval-engine" for t in threading.enumerate())
        bad += len(p.asked)!=1
        e.close()
    sys.setswitchinterval(0.005)
    left=sum(t.name=="llmeval-engine" for t in threading.enumerate())
    assert (bad,left)==(0,0)

def test_metered_named(make, tmp_path):
    engs=[make(store=SqliteStore(tmp_path/"s.sqlite","run",member=f"gw{i}")) for i in range(2)]
    p=[Counting(None),Counting(None)]
    for e,q in zip(engs,p):
        m=e.metered(q)
        e.name(m,"scope")
        e.complete(m, ask("Hi"))
    assert p[1].asked==[]

def test_is_shared_twice(make):
    e=make(); p=Counting(None); e.name(p,"x")
    assert e.is_shared(e.metered(p))
    assert e.is_shared(e.metered(e.metered(p)))

def test_has_price_of_metered(make):
    e=make(); a=App(None)
    assert e.has_price(a,"") and e.has_price(e.metered(a),"")

def test_leave_fails(make,tmp_path):
    # store fails at end: providers closed all the same
    closed=[]
    class Broken(LocalState):
        broken=False
        async def change(self,name,change):
            if self.broken: from pytest_llmeval.errors import StoreError; raise StoreError("disk full")
            return await super().change(name,change)
    class S(MemoryStore):
        async def close(self): closed.append(1)
    st=Broken()
    e=Engine(S(), Caller(CallPolicy(30,RetryPolicy(3,60.0),Ceilings(4)),Prices(),st),"run")
    p=Counting(); e.complete(p,ask("Hi")); st.broken=True
    try: e.close()
    except Exception as x: print(repr(x))
    assert p.closed and closed

def test_application_in_thread_that_asks_two_levels(make):
    pass

def test_put_fails_after_call(make):
    from pytest_llmeval.errors import StoreError
    class S(MemoryStore):
        async def put(self,k,c): raise StoreError("disk full")
    s=S(); e=make(store=s); p=Counting()
    with pytest.raises(StoreError): e.complete(p,ask("Hi"))
    # claim is released, or another waits for ever
    assert asyncio.run(s.claim(e.key(p,ask("Hi"))))
