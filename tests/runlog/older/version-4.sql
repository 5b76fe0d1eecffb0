BEGIN TRANSACTION;
CREATE TABLE baselines (
	case_number INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	baseline TEXT NOT NULL, 
	outcome TEXT, 
	answer TEXT, 
	scores TEXT, 
	PRIMARY KEY (case_number, position), 
	FOREIGN KEY(case_number) REFERENCES cases (number) ON DELETE CASCADE
);
CREATE TABLE cases (
	number INTEGER NOT NULL, 
	run_id TEXT NOT NULL, 
	suite TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	sample INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	message TEXT, 
	prompt TEXT NOT NULL, 
	expected TEXT, 
	tags TEXT, 
	contexts TEXT, 
	messages TEXT, 
	metadata TEXT, 
	thresholds TEXT, 
	row_thresholds TEXT, 
	file TEXT NOT NULL, 
	line INTEGER NOT NULL, 
	nodeid TEXT NOT NULL, 
	judge_model TEXT, 
	started_at TEXT, 
	duration_s DOUBLE, 
	worker TEXT, 
	generation_usd DOUBLE, 
	judging_usd DOUBLE, 
	must_pass BOOLEAN, 
	PRIMARY KEY (number), 
	UNIQUE (run_id, suite, file, case_id, sample), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "cases" VALUES(9,'20261130T100204-a47de5','test_params.py::test_bounds','both',0,'failed','mentions word=''free'' is 1, asked <= 0 (marker) at golden/params.csv:2
  reason    free?','Both? [[answer=5 points: a free bike]]','a bike',NULL,NULL,NULL,'{"owner": "ann"}','[{"metric": "mentions", "comparison": ">=", "bound": 0.0, "params": {"word": "free"}, "origin": "marker"}, {"metric": "mentions", "comparison": "<=", "bound": 0.0, "params": {"word": "free"}, "origin": "marker"}, {"metric": "mentions", "comparison": ">=", "bound": 1.0, "params": {"word": "bike"}, "origin": "marker"}]',NULL,'golden/params.csv',2,'test_params.py::test_bounds[both]','','2026-11-30T10:02:05.335+00:00',2.92066181299992422282e+00,'main',0.016,0.0,0);
INSERT INTO "cases" VALUES(10,'20261130T100204-a47de5','test_params.py::test_bounds','bike',0,'passed','','Bike alone? [[answer=4 points: a bike]]','a bike',NULL,NULL,NULL,'{"owner": "bob"}','[{"metric": "points", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "row"}, {"metric": "points", "comparison": "<=", "bound": 4.5, "params": {}, "origin": "row"}, {"metric": "mentions", "comparison": ">=", "bound": 0.0, "params": {"word": "free"}, "origin": "marker"}, {"metric": "mentions", "comparison": "<=", "bound": 0.0, "params": {"word": "free"}, "origin": "marker"}, {"metric": "mentions", "comparison": ">=", "bound": 1.0, "params": {"word": "bike"}, "origin": "marker"}]','[{"metric": "points", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "row"}, {"metric": "points", "comparison": "<=", "bound": 4.5, "params": {}, "origin": "row"}]','golden/params.csv',3,'test_params.py::test_bounds[bike]','','2026-11-30T10:02:05.356+00:00',0.000712402000090151,'main',0.015,0.0,0);
INSERT INTO "cases" VALUES(11,'20261130T100204-a47de5','test_params.py::test_bounds','none',0,'failed','mentions word=''bike'' is 0, asked >= 1 (marker) at golden/params.csv:4
  reason    bike?','Neither? [[answer=2 points: a car]]','a bike',NULL,NULL,NULL,'{"owner": "bob"}','[{"metric": "mentions", "comparison": ">=", "bound": 0.0, "params": {"word": "free"}, "origin": "marker"}, {"metric": "mentions", "comparison": "<=", "bound": 0.0, "params": {"word": "free"}, "origin": "marker"}, {"metric": "mentions", "comparison": ">=", "bound": 1.0, "params": {"word": "bike"}, "origin": "marker"}]',NULL,'golden/params.csv',4,'test_params.py::test_bounds[none]','','2026-11-30T10:02:05.356+00:00',6.57271000136461225338e-04,'main',0.013,0.0,0);
INSERT INTO "cases" VALUES(12,'20261130T100204-a47de5','test_params.py::test_assertion','both',0,'passed','','Both? [[answer=5 points: a free bike]]','a bike',NULL,NULL,NULL,'{"owner": "ann"}','[{"metric": "contains", "comparison": ">=", "bound": 1.0, "params": {"text": "points"}, "origin": "marker"}]',NULL,'golden/params.csv',2,'test_params.py::test_assertion[both]','','2026-11-30T10:02:05.356+00:00',1.44668800021463539451e-03,'main',0.016,0.0,0);
INSERT INTO "cases" VALUES(13,'20261130T100204-a47de5','test_params.py::test_assertion','bike',0,'failed','AssertionError: assert contains 0 >= 1
    reason    does not contain ''free''
    prompt    Bike alone? [[answer=4 points: a bike]]
    expected  a bike
    answer    4 points: a bike','Bike alone? [[answer=4 points: a bike]]','a bike',NULL,NULL,NULL,'{"owner": "bob"}','[{"metric": "points", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "row"}, {"metric": "points", "comparison": "<=", "bound": 4.5, "params": {}, "origin": "row"}, {"metric": "contains", "comparison": ">=", "bound": 1.0, "params": {"text": "points"}, "origin": "marker"}]','[{"metric": "points", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "row"}, {"metric": "points", "comparison": "<=", "bound": 4.5, "params": {}, "origin": "row"}]','golden/params.csv',3,'test_params.py::test_assertion[bike]','','2026-11-30T10:02:05.356+00:00',7.10488999857261660508e-04,'main',0.015,0.0,0);
INSERT INTO "cases" VALUES(14,'20261130T100204-a47de5','test_params.py::test_assertion','none',0,'failed','AssertionError: assert contains 0 >= 1
    reason    does not contain ''free''
    prompt    Neither? [[answer=2 points: a car]]
    expected  a bike
    answer    2 points: a car','Neither? [[answer=2 points: a car]]','a bike',NULL,NULL,NULL,'{"owner": "bob"}','[{"metric": "contains", "comparison": ">=", "bound": 1.0, "params": {"text": "points"}, "origin": "marker"}]',NULL,'golden/params.csv',4,'test_params.py::test_assertion[none]','','2026-11-30T10:02:05.356+00:00',8.67803999881289200857e-04,'main',0.013,0.0,0);
INSERT INTO "cases" VALUES(15,'20261130T100204-a47de5','test_params.py::test_unscored','none',0,'error','points is unscored: ValueError: could not convert string to float: ''no''','Neither? [[answer=2 points: a car]]','a bike',NULL,NULL,NULL,'{"owner": "bob"}',NULL,NULL,'golden/params.csv',4,'test_params.py::test_unscored[none]','','2026-11-30T10:02:05.357+00:00',4.63230999912411789409e-04,'main',0.013,0.0,0);
INSERT INTO "cases" VALUES(16,'20261130T100204-a47de5','test_params.py::test_skips','both',0,'skipped','Skipped: not today','Both? [[answer=5 points: a free bike]]','a bike',NULL,NULL,NULL,'{"owner": "ann"}',NULL,NULL,'golden/params.csv',2,'test_params.py::test_skips[both]','','2026-11-30T10:02:05.357+00:00',4.34466999877258786e-04,'main',0.016,0.0,0);
INSERT INTO "cases" VALUES(17,'20261130T100204-a47de5','test_params.py::test_expected','both',0,'passed','','Both? [[answer=5 points: a free bike]]','a bike',NULL,NULL,NULL,'{"owner": "ann"}','[{"metric": "points", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "marker"}]',NULL,'golden/params.csv',2,'test_params.py::test_expected[both]','','2026-11-30T10:02:05.357+00:00',4.1786300016610766761e-04,'main',0.016,0.0,0);
INSERT INTO "cases" VALUES(18,'20261130T100204-a47de5','test_params.py::test_expected','none',0,'xfailed','points is 2, asked >= 4 (marker) at golden/params.csv:4','Neither? [[answer=2 points: a car]]','a bike',NULL,NULL,NULL,'{"owner": "bob"}','[{"metric": "points", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "marker"}]',NULL,'golden/params.csv',4,'test_params.py::test_expected[none]','','2026-11-30T10:02:05.357+00:00',3.95540999988952535204e-04,'main',0.013,0.0,0);
INSERT INTO "cases" VALUES(19,'20261130T100204-a47de5','test_params.py::TestGated::test_gated','both',0,'passed','','Both? [[answer=5 points: a free bike]]','a bike',NULL,NULL,NULL,'{"owner": "ann"}','[{"metric": "mentions", "comparison": ">=", "bound": 1.0, "params": {"word": "bike"}, "origin": "marker"}]',NULL,'golden/params.csv',2,'test_params.py::TestGated::test_gated[both]','','2026-11-30T10:02:05.357+00:00',3.66366000207563047297e-04,'main',0.016,0.0,0);
INSERT INTO "cases" VALUES(20,'20261130T100212-682e54','test_samples.py::test_mean','broken',0,'failed','rubric is 1.25, asked >= 3 (marker) at golden/must.csv:3
  reason    mean of 4 samples: worth 0
  samples   1 of 4 kept
  must pass broken: 3 of 3 further samples miss a bound','Broken? [[scores=0/0/5/0]]',NULL,NULL,NULL,NULL,NULL,'[{"metric": "rubric", "comparison": ">=", "bound": 3.0, "params": {}, "origin": "marker"}]',NULL,'golden/must.csv',3,'test_samples.py::test_mean[broken]','judge','2026-11-30T10:02:13.503+00:00',2.55997769600003266532e+00,'main',0.07,1.26,1);
INSERT INTO "cases" VALUES(21,'20261130T100212-682e54','golden/must.csv','flickers',0,'passed','','Flickers? [[scores=0/5]]',NULL,NULL,NULL,NULL,NULL,'[{"metric": "rubric", "comparison": ">=", "bound": 3.0, "params": {}, "origin": "command line"}]',NULL,'golden/must.csv',2,'golden/must.csv::flickers','judge','2026-11-30T10:02:13.505+00:00',8.23975840000912285177e-02,'main',0.09,1.6155,1);
INSERT INTO "cases" VALUES(22,'20261130T100212-682e54','golden/must.csv','broken',0,'failed','rubric is 0, asked >= 3 (command line) at golden/must.csv:3
  reason    worth 0
  must pass broken: 3 of 4 further samples miss a bound','Broken? [[scores=0/0/5/0]]',NULL,NULL,NULL,NULL,NULL,'[{"metric": "rubric", "comparison": ">=", "bound": 3.0, "params": {}, "origin": "command line"}]',NULL,'golden/must.csv',3,'golden/must.csv::broken','judge','2026-11-30T10:02:13.505+00:00',9.30139300021437520626e-03,'main',0.05,8.99999999999999911182e-01,1);
INSERT INTO "cases" VALUES(23,'20261130T100220-9572d8','golden/must.csv','broken',0,'failed','rubric is 0, asked >= 4 (command line) at golden/must.csv:3
  reason    worth 0
  must pass broken: 3 of 4 further samples miss a bound','Broken? [[scores=0/0/5/0]]',NULL,NULL,NULL,NULL,NULL,'[{"metric": "rubric", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "command line"}]',NULL,'golden/must.csv',3,'golden/must.csv::broken','judge','2026-11-30T10:02:21.143+00:00',2.29722035899999355024e+00,'main',0.0,0.0,1);
INSERT INTO "cases" VALUES(24,'20261130T100220-9572d8','golden/must.csv','loose',0,'xfailed','rubric is 1, asked >= 4 (command line) at golden/must.csv:4
  reason    worth 1','Loose? [[scores=1]]',NULL,NULL,NULL,NULL,NULL,'[{"metric": "rubric", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "command line"}]',NULL,'golden/must.csv',4,'golden/must.csv::loose','judge','2026-11-30T10:02:21.152+00:00',6.95907000135775888338e-04,'main',0.008,0.179,0);
INSERT INTO "cases" VALUES(25,'20261130T100220-9572d8','golden/must.csv','fine',0,'passed','','Fine? [[scores=5]]',NULL,NULL,NULL,NULL,NULL,'[{"metric": "lexicon_count", "comparison": "<=", "bound": 5.0, "params": {}, "origin": "row"}, {"metric": "rubric", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "command line"}]','[{"metric": "lexicon_count", "comparison": "<=", "bound": 5.0, "params": {}, "origin": "row"}]','golden/must.csv',5,'golden/must.csv::fine','judge','2026-11-30T10:02:21.152+00:00',2.3067635999723279383e-02,'main',0.008,0.179,0);
INSERT INTO "cases" VALUES(26,'20261130T100220-9572d8','test_params.py::test_assertion','both',0,'passed','','Both? [[answer=5 points: a free bike]]','a bike',NULL,NULL,NULL,'{"owner": "ann"}','[{"metric": "contains", "comparison": ">=", "bound": 1.0, "params": {"text": "points"}, "origin": "marker"}, {"metric": "rubric", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "command line"}]',NULL,'golden/params.csv',2,'test_params.py::test_assertion[both]','judge','2026-11-30T10:02:21.152+00:00',6.61611700002140423748e-03,'main',0.0,0.2215,0);
INSERT INTO "cases" VALUES(27,'20261130T100220-9572d8','test_params.py::test_assertion','bike',0,'failed','AssertionError: assert contains 0 >= 1
    reason    does not contain ''free''
    prompt    Bike alone? [[answer=4 points: a bike]]
    expected  a bike
    answer    4 points: a bike','Bike alone? [[answer=4 points: a bike]]','a bike',NULL,NULL,NULL,'{"owner": "bob"}','[{"metric": "points", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "row"}, {"metric": "points", "comparison": "<=", "bound": 4.5, "params": {}, "origin": "row"}, {"metric": "contains", "comparison": ">=", "bound": 1.0, "params": {"text": "points"}, "origin": "marker"}, {"metric": "rubric", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "command line"}]','[{"metric": "points", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "row"}, {"metric": "points", "comparison": "<=", "bound": 4.5, "params": {}, "origin": "row"}]','golden/params.csv',3,'test_params.py::test_assertion[bike]','','2026-11-30T10:02:21.153+00:00',6.96569000183444586582e-04,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(28,'20261130T100220-9572d8','test_params.py::test_assertion','none',0,'failed','AssertionError: assert contains 0 >= 1
    reason    does not contain ''free''
    prompt    Neither? [[answer=2 points: a car]]
    expected  a bike
    answer    2 points: a car','Neither? [[answer=2 points: a car]]','a bike',NULL,NULL,NULL,'{"owner": "bob"}','[{"metric": "contains", "comparison": ">=", "bound": 1.0, "params": {"text": "points"}, "origin": "marker"}, {"metric": "rubric", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "command line"}]',NULL,'golden/params.csv',4,'test_params.py::test_assertion[none]','','2026-11-30T10:02:21.153+00:00',8.20864999923287541605e-04,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(29,'20261130T100228-0f77cf','test_kinds.py::test_kinds','weight',0,'passed','','What does the bike weigh? [[answer=The bike weighs 14 kilos. It is red.]] [[score=4]]','14 kilos.',NULL,'["The bike weighs 14 kilos.", "We open at nine."]',NULL,'{"old": "It weighs 20 kilos. {score=1}"}','[{"metric": "faithfulness", "comparison": ">=", "bound": 0.9, "params": {}, "origin": "marker"}, {"metric": "closed_qa", "comparison": ">=", "bound": 1.0, "params": {"criteria": "It is friendly."}, "origin": "marker"}, {"metric": "closed_qa", "comparison": ">=", "bound": 1.0, "params": {"criteria": "It names a number."}, "origin": "marker"}]',NULL,'golden/facts.jsonl',1,'test_kinds.py::test_kinds[weight]','judge','2026-11-30T10:02:29.636+00:00',3.30168092799976875539e+00,'main',0.032,1.5802,0);
INSERT INTO "cases" VALUES(48,'20261130T100303-0042fb','golden/graded.csv','g0',0,'xfailed','points is 3, asked >= 3.5 (command line) at golden/graded.csv:2','Graded 0?',NULL,'["a"]',NULL,NULL,'{"old": "4 points: old 0", "new": "3 points: new 0"}','[{"metric": "points", "comparison": ">=", "bound": 3.5, "params": {}, "origin": "command line"}]',NULL,'golden/graded.csv',2,'golden/graded.csv::g0','','2026-11-30T10:02:54.749+00:00',4.9326730000075258431e-02,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(49,'20261130T100303-0042fb','golden/graded.csv','g1',0,'passed','','Graded 1?',NULL,'["b"]',NULL,NULL,'{"old": "4.5 points: old 1", "new": "3.5 points: new 1"}','[{"metric": "points", "comparison": ">=", "bound": 3.5, "params": {}, "origin": "command line"}]',NULL,'golden/graded.csv',3,'golden/graded.csv::g1','','2026-11-30T10:02:54.759+00:00',6.14416999951572506688e-04,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(50,'20261130T100303-0042fb','golden/graded.csv','g2',0,'xfailed','points is 3, asked >= 3.5 (command line) at golden/graded.csv:4','Graded 2?',NULL,'["a"]',NULL,NULL,'{"old": "4 points: old 2", "new": "3 points: new 2"}','[{"metric": "points", "comparison": ">=", "bound": 3.5, "params": {}, "origin": "command line"}]',NULL,'golden/graded.csv',4,'golden/graded.csv::g2','','2026-11-30T10:02:54.760+00:00',0.000645823000013479,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(51,'20261130T100303-0042fb','golden/graded.csv','g3',0,'passed','','Graded 3?',NULL,'["b"]',NULL,NULL,'{"old": "4.5 points: old 3", "new": "4.5 points: new 3"}','[{"metric": "points", "comparison": ">=", "bound": 3.5, "params": {}, "origin": "command line"}]',NULL,'golden/graded.csv',5,'golden/graded.csv::g3','','2026-11-30T10:02:59.111+00:00',6.69188079998548346338e-02,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(52,'20261130T100303-0042fb','golden/graded.csv','g4',0,'xfailed','points is 3, asked >= 3.5 (command line) at golden/graded.csv:6','Graded 4?',NULL,'["a"]',NULL,NULL,'{"old": "5 points: old 4", "new": "3 points: new 4"}','[{"metric": "points", "comparison": ">=", "bound": 3.5, "params": {}, "origin": "command line"}]',NULL,'golden/graded.csv',6,'golden/graded.csv::g4','','2026-11-30T10:02:59.119+00:00',1.04823940000642323866e-02,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(53,'20261130T100303-0042fb','golden/graded.csv','g5',0,'xfailed','points is 3, asked >= 3.5 (command line) at golden/graded.csv:7','Graded 5?',NULL,'["b"]',NULL,NULL,'{"old": "4 points: old 5", "new": "3 points: new 5"}','[{"metric": "points", "comparison": ">=", "bound": 3.5, "params": {}, "origin": "command line"}]',NULL,'golden/graded.csv',7,'golden/graded.csv::g5','','2026-11-30T10:02:59.120+00:00',6.27405999921393231488e-04,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(61,'20261130T100334-fe80c0','golden/trusted.csv','month',0,'passed','','Which month follows April? [[answer=May follows April.]]','May follows April.','["easy"]',NULL,NULL,NULL,'[{"metric": "rubric", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "command line"}]',NULL,'golden/trusted.csv',2,'golden/trusted.csv::month','judge','2026-11-30T10:03:36.248+00:00',1.30078109999976732069e+00,'main',0.0,0.0,0);
INSERT INTO "cases" VALUES(62,'20261130T100334-fe80c0','golden/trusted.csv','spider',0,'failed','rubric is 0, asked >= 4 (command line) at golden/trusted.csv:3
  reason    another','How many legs has a spider? [[answer=Six.{score=0}]]','A spider has eight legs.','["easy"]',NULL,NULL,NULL,'[{"metric": "rubric", "comparison": ">=", "bound": 4.0, "params": {}, "origin": "command line"}]',NULL,'golden/trusted.csv',3,'golden/trusted.csv::spider','judge','2026-11-30T10:03:36.269+00:00',2.61856360002639121375e-02,'main',0.0,0.0,0);
CREATE TABLE completions (
	case_number INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	purpose TEXT NOT NULL, 
	score_position INTEGER, 
	text TEXT, 
	raw_text TEXT, 
	choices TEXT, 
	model TEXT, 
	endpoint TEXT, 
	finish_reason TEXT, 
	prompt_tokens INTEGER, 
	completion_tokens INTEGER, 
	cost_usd DOUBLE, 
	latency_s DOUBLE, 
	cached BOOLEAN, 
	call TEXT, 
	made_at TEXT, 
	contexts TEXT, 
	logprobs TEXT, 
	requested_model TEXT, 
	messages TEXT, 
	temperature DOUBLE, 
	top_p DOUBLE, 
	max_tokens INTEGER, 
	seed BIGINT, 
	frequency_penalty DOUBLE, 
	presence_penalty DOUBLE, 
	other_parameters TEXT, 
	request_sample INTEGER, 
	sees_case BOOLEAN, 
	sample INTEGER, 
	PRIMARY KEY (case_number, position), 
	FOREIGN KEY(case_number) REFERENCES cases (number) ON DELETE CASCADE
);
INSERT INTO "completions" VALUES(9,0,'answer',NULL,'5 points: a free bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,6,0.016,2.45469819999470928451e-02,0,'f8c9486078ff44af','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(10,0,'answer',NULL,'4 points: a bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,5,0.015,2.0793532999960007146e-02,0,'7d8b1af464914413','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(11,0,'answer',NULL,'2 points: a car','',NULL,'mock','http://127.0.0.1:18767/v1','stop',9,4,0.013,1.63702060001469362759e-02,0,'46f3dd0bdfcc435e','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(12,0,'answer',NULL,'5 points: a free bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,6,0.016,2.45469819999470928451e-02,0,'f8c9486078ff44af','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(13,0,'answer',NULL,'4 points: a bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,5,0.015,2.0793532999960007146e-02,0,'7d8b1af464914413','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(14,0,'answer',NULL,'2 points: a car','',NULL,'mock','http://127.0.0.1:18767/v1','stop',9,4,0.013,1.63702060001469362759e-02,0,'46f3dd0bdfcc435e','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(15,0,'answer',NULL,'2 points: a car','',NULL,'mock','http://127.0.0.1:18767/v1','stop',9,4,0.013,1.63702060001469362759e-02,0,'46f3dd0bdfcc435e','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(16,0,'answer',NULL,'5 points: a free bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,6,0.016,2.45469819999470928451e-02,0,'f8c9486078ff44af','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(17,0,'answer',NULL,'5 points: a free bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,6,0.016,2.45469819999470928451e-02,0,'f8c9486078ff44af','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(18,0,'answer',NULL,'2 points: a car','',NULL,'mock','http://127.0.0.1:18767/v1','stop',9,4,0.013,1.63702060001469362759e-02,0,'46f3dd0bdfcc435e','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(19,0,'answer',NULL,'5 points: a free bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,6,0.016,2.45469819999470928451e-02,0,'f8c9486078ff44af','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(20,0,'answer',NULL,'Sample 0.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,4.63305810001202189596e-02,0,'a1255f80addf4702','2026-11-30T10:02:13+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,0);
INSERT INTO "completions" VALUES(20,1,'answer',NULL,'Sample 1.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.5641027999854486552e-02,0,'c059e1d3a87a4a37','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "completions" VALUES(20,2,'answer',NULL,'Sample 2.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.19483699999909731559e-02,0,'c4b1a0dbc5d1472c','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "completions" VALUES(20,3,'answer',NULL,'Sample 3.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.08504529998390353284e-02,0,'d79119eb3a2f424f','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "completions" VALUES(20,4,'answer',NULL,'Sample 4.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,1.62460299998201662674e-03,0,'7910024dd28f4499','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4);
INSERT INTO "completions" VALUES(20,5,'answer',NULL,'Sample 5.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,1.16819300001225201413e-03,0,'e1a29a654f6e48c6','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5);
INSERT INTO "completions" VALUES(20,6,'answer',NULL,'Sample 6.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,9.97146999907272402197e-04,0,'5ebfb0e344ae47d5','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6);
INSERT INTO "completions" VALUES(20,7,'rubric',1,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,1.1414895000143587822e-02,0,'c7b46a81624a461a','2026-11-30T10:02:15+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "completions" VALUES(20,8,'rubric',2,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,7.32250100008968729525e-03,0,'e9837d2d941548d8','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "completions" VALUES(20,9,'rubric',3,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,0.00669471500009422,0,'da68d4468e6c4cc6','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "completions" VALUES(20,10,'rubric',4,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,8.25130699990950233768e-03,0,'e98e78d9c8964196','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "completions" VALUES(20,11,'rubric',5,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,1.34749899984853982459e-03,0,'8bdc11d3e3924f79','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4);
INSERT INTO "completions" VALUES(20,12,'rubric',6,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,1.0842579999916779343e-03,0,'fcff2d9463ae4ae6','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5);
INSERT INTO "completions" VALUES(20,13,'rubric',7,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,1.01014699998813739512e-03,0,'10bccd84f23b49f2','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6);
INSERT INTO "completions" VALUES(21,0,'answer',NULL,'Sample 0.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.13558969998939573997e-02,0,'8525e3cf8ed74220','2026-11-30T10:02:13+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,0);
INSERT INTO "completions" VALUES(21,1,'answer',NULL,'Sample 1.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,3.08809599982851068489e-03,0,'5335a977994c4cfb','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "completions" VALUES(21,2,'answer',NULL,'Sample 2.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,2.92634400011593243107e-03,0,'8e530f081b474e66','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "completions" VALUES(21,3,'answer',NULL,'Sample 3.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.00476499996693746652e-03,0,'f3146903099a437f','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "completions" VALUES(21,4,'answer',NULL,'Sample 4.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,2.18918499990650161635e-03,0,'aab09faf62194fa4','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4);
INSERT INTO "completions" VALUES(21,5,'answer',NULL,'Sample 5.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,4.00658500007011753041e-03,0,'f9f9d359a03f44c8','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5);
INSERT INTO "completions" VALUES(21,6,'answer',NULL,'Sample 6.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,2.68565500005024659913e-03,0,'b026abd6777743c8','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6);
INSERT INTO "completions" VALUES(21,7,'answer',NULL,'Sample 7.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,3.06409099994198186323e-03,0,'bb7e9fb021ef463e','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,7);
INSERT INTO "completions" VALUES(21,8,'answer',NULL,'Sample 8.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,7.16861099999732687138e-03,0,'7942a2abd93c46d6','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,8);
INSERT INTO "completions" VALUES(21,9,'rubric',1,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,0.00422011399996336,0,'5b2c983070694419','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "completions" VALUES(21,10,'rubric',2,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,5.31143199987127445638e-03,0,'bf1f6506f94a48b3','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "completions" VALUES(21,11,'rubric',3,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,3.53239900005064555443e-03,0,'bf26ce7dc1994481','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "completions" VALUES(21,12,'rubric',4,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,5.47434499981136468704e-03,0,'d368ce4b78e9499d','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "completions" VALUES(21,13,'rubric',5,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,1.58914999997250561136e-03,0,'94b3354499984d96','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4);
INSERT INTO "completions" VALUES(21,14,'rubric',6,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,1.4633519999733834993e-03,0,'928064d59f6b4dea','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,5);
INSERT INTO "completions" VALUES(21,15,'rubric',7,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,2.96915800004171615e-03,0,'8069845fb0e940e0','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,6);
INSERT INTO "completions" VALUES(21,16,'rubric',8,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,3.27425299997230467852e-03,0,'7249d1057fd64129','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,7);
INSERT INTO "completions" VALUES(21,17,'rubric',9,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',323,9,0.1795,1.58255999986067763529e-03,0,'ae03bffd38a341a6','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,8);
INSERT INTO "completions" VALUES(22,0,'answer',NULL,'Sample 0.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,4.63305810001202189596e-02,0,'a1255f80addf4702','2026-11-30T10:02:13+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,0);
INSERT INTO "completions" VALUES(22,1,'answer',NULL,'Sample 1.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.5641027999854486552e-02,0,'c059e1d3a87a4a37','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "completions" VALUES(22,2,'answer',NULL,'Sample 2.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.19483699999909731559e-02,0,'c4b1a0dbc5d1472c','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "completions" VALUES(22,3,'answer',NULL,'Sample 3.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.08504529998390353284e-02,0,'d79119eb3a2f424f','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "completions" VALUES(22,4,'answer',NULL,'Sample 4.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,1.62460299998201662674e-03,0,'7910024dd28f4499','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4);
INSERT INTO "completions" VALUES(22,5,'rubric',1,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,1.1414895000143587822e-02,0,'c7b46a81624a461a','2026-11-30T10:02:15+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "completions" VALUES(22,6,'rubric',2,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,7.32250100008968729525e-03,0,'e9837d2d941548d8','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "completions" VALUES(22,7,'rubric',3,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,0.00669471500009422,0,'da68d4468e6c4cc6','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "completions" VALUES(22,8,'rubric',4,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,8.25130699990950233768e-03,0,'e98e78d9c8964196','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "completions" VALUES(22,9,'rubric',5,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,1.34749899984853982459e-03,0,'8bdc11d3e3924f79','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4);
INSERT INTO "completions" VALUES(23,0,'answer',NULL,'Sample 0.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,4.63305810001202189596e-02,1,'a1255f80addf4702','2026-11-30T10:02:13+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,0);
INSERT INTO "completions" VALUES(23,1,'answer',NULL,'Sample 1.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.5641027999854486552e-02,1,'c059e1d3a87a4a37','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "completions" VALUES(23,2,'answer',NULL,'Sample 2.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.19483699999909731559e-02,1,'c4b1a0dbc5d1472c','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "completions" VALUES(23,3,'answer',NULL,'Sample 3.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,5.08504529998390353284e-02,1,'d79119eb3a2f424f','2026-11-30T10:02:13+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "completions" VALUES(23,4,'answer',NULL,'Sample 4.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',7,3,0.01,1.62460299998201662674e-03,1,'7910024dd28f4499','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4);
INSERT INTO "completions" VALUES(23,5,'rubric',1,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,1.1414895000143587822e-02,1,'c7b46a81624a461a','2026-11-30T10:02:15+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "completions" VALUES(23,6,'rubric',2,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,7.32250100008968729525e-03,1,'e9837d2d941548d8','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1);
INSERT INTO "completions" VALUES(23,7,'rubric',3,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,0.00669471500009422,1,'da68d4468e6c4cc6','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,2);
INSERT INTO "completions" VALUES(23,8,'rubric',4,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,8.25130699990950233768e-03,1,'e98e78d9c8964196','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "completions" VALUES(23,9,'rubric',5,'{"reason": "worth 0", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',324,9,0.18,1.34749899984853982459e-03,1,'8bdc11d3e3924f79','2026-11-30T10:02:16+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,4);
INSERT INTO "completions" VALUES(24,0,'answer',NULL,'Sample 0.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',5,3,0.008,1.67065607000040472485e-01,0,'5a8cd82ccc074de2','2026-11-30T10:02:21+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(24,1,'rubric',0,'{"reason": "worth 1", "score": 1}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',322,9,0.179,1.56243239998730132356e-02,0,'9ae00fefafd24a27','2026-11-30T10:02:23+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(25,0,'answer',NULL,'Sample 0.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',5,3,0.008,1.58899427000051218783e-01,0,'7543a29e36ec4c05','2026-11-30T10:02:21+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(25,1,'rubric',1,'{"reason": "worth 5", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',322,9,0.179,6.20727799991982465144e-03,0,'2bdd8d4d1e1f4bac','2026-11-30T10:02:23+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(26,0,'answer',NULL,'5 points: a free bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,6,0.016,2.45469819999470928451e-02,1,'f8c9486078ff44af','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(26,1,'rubric',3,'{"reason": "worth 4", "score": 4}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',407,9,0.2215,4.6729366999898047652e-02,0,'5c4bae2b47624996','2026-11-30T10:02:23+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(27,0,'answer',NULL,'4 points: a bike','',NULL,'mock','http://127.0.0.1:18767/v1','stop',10,5,0.015,2.0793532999960007146e-02,1,'7d8b1af464914413','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(28,0,'answer',NULL,'2 points: a car','',NULL,'mock','http://127.0.0.1:18767/v1','stop',9,4,0.013,1.63702060001469362759e-02,1,'46f3dd0bdfcc435e','2026-11-30T10:02:05+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(29,0,'answer',NULL,'The bike weighs 14 kilos. It is red.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',22,10,0.032,2.42296280000573460711e-02,0,'2d166a3bc7774584','2026-11-30T10:02:29+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(29,1,'pairwise',0,'{"reason": "worth 4", "winner": "A"}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',355,10,0.1975,6.88112299985732533968e-03,0,'6f1edb443b1941d8','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(29,2,'pairwise',0,'{"reason": "worth 1", "winner": "B"}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',355,10,0.1975,6.47110199997769086621e-03,0,'2a74a0e862fa44a8','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(29,3,'jury',1,'{"reason": "worth 4", "score": 4}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',423,9,0.2295,1.22612895999964166549e-01,0,'2d9547d3339c494c','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(29,4,'jury',1,'{"reason": "worth 4", "score": 4}','',NULL,'third','http://127.0.0.1:18767/v1','stop',423,9,0.0432,1.68388950000917247962e-02,0,'959879dcfabd460f','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(29,5,'geval',2,'{"reason": "worth 4", "score": 4}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',381,9,0.2085,6.36820799991255626082e-03,0,'e28fcbee196c4a19','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(29,6,'faithfulness',3,'{"claims": ["The bike weighs 14 kilos.",','',NULL,'judge','http://127.0.0.1:18767/v1','stop',315,14,0.1855,4.31811040000411594519e-02,0,'e2eb29e007e54e29','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(29,7,'faithfulness',3,'{"verdicts": [{"number": 1, "reason": "a','',NULL,'judge','http://127.0.0.1:18767/v1','stop',302,33,0.217,2.53171410001868935069e-02,0,'a42be807635d440a','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(29,8,'closed_qa',4,'{"reason": "worth 4", "answer": "yes"}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',261,10,0.1505,8.95808099994610529392e-03,0,'0229115392fa445a','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(29,9,'closed_qa',5,'{"reason": "worth 4", "answer": "yes"}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',262,10,0.151,9.00207700010469125118e-03,0,'215dd1a2ae73415f','2026-11-30T10:02:32+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(48,0,'answer',NULL,'3 points: new 0','',NULL,'','column:new','',NULL,NULL,0.0,0.0,0,'5ef5b614d43947be','2026-11-30T10:02:54+00:00',NULL,NULL,'',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(49,0,'answer',NULL,'3.5 points: new 1','',NULL,'','column:new','',NULL,NULL,0.0,0.0,0,'17d1f572afe34d0b','2026-11-30T10:02:54+00:00',NULL,NULL,'',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(50,0,'answer',NULL,'3 points: new 2','',NULL,'','column:new','',NULL,NULL,0.0,0.0,0,'51d090a1c2824ca6','2026-11-30T10:02:54+00:00',NULL,NULL,'',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(51,0,'answer',NULL,'4.5 points: new 3','',NULL,'','column:new','',NULL,NULL,0.0,0.0,0,'9681702fbb954852','2026-11-30T10:02:59+00:00',NULL,NULL,'',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(52,0,'answer',NULL,'3 points: new 4','',NULL,'','column:new','',NULL,NULL,0.0,0.0,0,'26e5447b674746c2','2026-11-30T10:02:59+00:00',NULL,NULL,'',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(53,0,'answer',NULL,'3 points: new 5','',NULL,'','column:new','',NULL,NULL,0.0,0.0,0,'cde75d86214a4ce4','2026-11-30T10:02:59+00:00',NULL,NULL,'',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(61,0,'answer',NULL,'May follows April.','',NULL,'mock','http://127.0.0.1:18767/v1','stop',15,5,0.02,4.93551230001685325987e-02,1,'d85c356adce44cc7','2026-11-30T10:01:48+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(61,1,'rubric',0,'{"reason": "the same", "score": 5}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',414,9,0.225,1.56571630000144068617e-02,1,'b90be0704bbf408c','2026-11-30T10:01:50+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "completions" VALUES(62,0,'answer',NULL,'Six.{score=0}','',NULL,'mock','http://127.0.0.1:18767/v1','stop',14,4,0.018,4.13982350000878795981e-02,1,'4d5878644a4749c7','2026-11-30T10:01:48+00:00',NULL,NULL,'mock',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,0,NULL);
INSERT INTO "completions" VALUES(62,1,'rubric',0,'{"reason": "another", "score": 0}','',NULL,'judge','http://127.0.0.1:18767/v1','stop',413,9,0.2245,1.56024409998281043954e-02,1,'2e1e20596e554603','2026-11-30T10:01:50+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE gates (
	run_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	state TEXT NOT NULL, 
	verdict TEXT, 
	baseline TEXT, 
	reason TEXT, 
	value DOUBLE, 
	n INTEGER, 
	scope TEXT, 
	PRIMARY KEY (run_id, position), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "gates" VALUES('20261130T100204-a47de5',0,'mentions.mean>=.1','kept','','','mean of mentions is 1 over 1 case',1.0,1,'test_params.py::TestGated');
INSERT INTO "gates" VALUES('20261130T100220-9572d8',0,'pass_rate>=.3','kept','','','33.3 % of 6 cases passed (at least 11.7 %, at most 65.3 %, each 95 % sure)',3.33333333333333314829e-01,6,'');
INSERT INTO "gates" VALUES('20261130T100220-9572d8',1,'rubric.mean>=1','kept','','','mean of rubric is 2.5 over 4 cases',2.5,4,'');
INSERT INTO "gates" VALUES('20261130T100303-0042fb',0,'pass_rate>=.1','kept','','','33.3 % of 6 cases passed (at least 11.7 %, at most 65.3 %, each 95 % sure)',3.33333333333333314829e-01,6,'');
CREATE TABLE runs (
	number INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	name TEXT, 
	started_at TEXT, 
	finished_at TEXT, 
	exit_code INTEGER, 
	calls INTEGER, 
	attempts INTEGER, 
	spent_usd DOUBLE, 
	unpriced INTEGER, 
	settings TEXT, 
	versions TEXT, 
	warnings TEXT, 
	lost TEXT, 
	judges TEXT, 
	comparisons TEXT, 
	PRIMARY KEY (number), 
	UNIQUE (id)
);
INSERT INTO "runs" VALUES(3,'20261130T100204-a47de5','params','2026-11-30T10:02:04.459+00:00','2026-11-30T10:02:09.029+00:00',1,3,3,0.044,0,'{"model": "mock", "base_url": "http://127.0.0.1:18767/v1", "retries": "1", "prices": "mock = 1000 1000\njudge = 500 2000\nthird = 100 100", "seed": "0", "judge_model": "judge", "no_selftest": "True", "log": "runs.sqlite", "html": "", "name": "params"}','{"python": "3.11.7", "pytest": "9.2.0", "pytest-llm-golden": "0.1.0"}',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(4,'20261130T100212-682e54','samples','2026-11-30T10:02:12.334+00:00','2026-11-30T10:02:16.631+00:00',1,32,32,3.03549999999999897681e+00,0,'{"model": "mock", "base_url": "http://127.0.0.1:18767/v1", "retries": "1", "prices": "mock = 1000 1000\njudge = 500 2000\nthird = 100 100", "seed": "0", "judge_model": "judge", "no_selftest": "True", "min_score": "3.0", "log": "runs.sqlite", "html": "", "name": "samples"}','{"python": "3.11.7", "pytest": "9.2.0", "pytest-llm-golden": "0.1.0"}',NULL,NULL,'[{"fingerprint": "rubric-b359f981876035f5", "name": "rubric", "model": "judge", "selftest": {"right": {"expected": 5, "empty": 5, "constant": 5, "other": 5, "injection": 5}, "tried": 5, "complaint": "", "calls": 25, "usd": 5.638, "made_at": "2026-11-30T10:01:51.073+00:00"}, "untested": "", "calibration": {"figures": {"kappa": {"estimate": 0.8235294117647058, "low": 0.3846153846153845, "high": 1.0, "n": 12}, "weighted_kappa": {"estimate": 0.8925081433224755, "low": 0.5842228464419474, "high": 0.9710926529422673, "n": 12}, "alpha": {"estimate": 0.896636252212992, "low": 0.5902964812021412, "high": 0.972278874671345, "n": 12}, "pearson": {"estimate": 0.8988487416174915, "low": 0.6811382533694504, "high": 0.9800092713617705, "n": 12}, "spearman": {"estimate": 0.8357607903377591, "low": 0.4120111385144197, "high": 0.9689994992222619, "n": 12}, "kendall": {"estimate": 0.7465659667474605, "low": 0.3751049426817823, "high": 0.935450351869976, "n": 12}, "offset": {"estimate": 0.20833333333333348, "low": -0.25, "high": 0.7083333333333335, "n": 12}, "mean": {"estimate": 3.2916666666666665, "low": 2.250781587723582, "high": 4.33255174560975, "n": 12}}, "cases": 12, "unscored": 0, "labels": "labels.csv", "made_at": "2026-11-30T10:01:59+00:00"}}]',NULL);
INSERT INTO "runs" VALUES(5,'20261130T100220-9572d8','by-gate','2026-11-30T10:02:20.282+00:00','2026-11-30T10:02:24.443+00:00',1,7,7,1.037,0,'{"model": "mock", "base_url": "http://127.0.0.1:18767/v1", "retries": "1", "prices": "mock = 1000 1000\njudge = 500 2000\nthird = 100 100", "seed": "0", "judge_model": "judge", "no_selftest": "True", "threshold": "rubric>=4", "gate": "pass_rate>=.3\nrubric.mean>=1", "fail_on": "gate", "log": "runs.sqlite", "html": "", "name": "by-gate"}','{"python": "3.11.7", "pytest": "9.2.0", "pytest-llm-golden": "0.1.0"}',NULL,NULL,'[{"fingerprint": "rubric-b359f981876035f5", "name": "rubric", "model": "judge", "selftest": {"right": {"expected": 5, "empty": 5, "constant": 5, "other": 5, "injection": 5}, "tried": 5, "complaint": "", "calls": 25, "usd": 5.638, "made_at": "2026-11-30T10:01:51.073+00:00"}, "untested": "", "calibration": {"figures": {"kappa": {"estimate": 0.8235294117647058, "low": 0.3846153846153845, "high": 1.0, "n": 12}, "weighted_kappa": {"estimate": 0.8925081433224755, "low": 0.5842228464419474, "high": 0.9710926529422673, "n": 12}, "alpha": {"estimate": 0.896636252212992, "low": 0.5902964812021412, "high": 0.972278874671345, "n": 12}, "pearson": {"estimate": 0.8988487416174915, "low": 0.6811382533694504, "high": 0.9800092713617705, "n": 12}, "spearman": {"estimate": 0.8357607903377591, "low": 0.4120111385144197, "high": 0.9689994992222619, "n": 12}, "kendall": {"estimate": 0.7465659667474605, "low": 0.3751049426817823, "high": 0.935450351869976, "n": 12}, "offset": {"estimate": 0.20833333333333348, "low": -0.25, "high": 0.7083333333333335, "n": 12}, "mean": {"estimate": 3.2916666666666665, "low": 2.250781587723582, "high": 4.33255174560975, "n": 12}}, "cases": 12, "unscored": 0, "labels": "labels.csv", "made_at": "2026-11-30T10:01:59+00:00"}}]',NULL);
INSERT INTO "runs" VALUES(6,'20261130T100228-0f77cf','kinds','2026-11-30T10:02:28.674+00:00','2026-11-30T10:02:33.719+00:00',0,10,10,1.6121999999999998554e+00,0,'{"model": "mock", "base_url": "http://127.0.0.1:18767/v1", "retries": "1", "prices": "mock = 1000 1000\njudge = 500 2000\nthird = 100 100", "seed": "0", "judge_model": "judge", "no_selftest": "True", "log": "runs.sqlite", "html": "", "name": "kinds"}','{"python": "3.11.7", "pytest": "9.2.0", "pytest-llm-golden": "0.1.0"}',NULL,NULL,'[{"fingerprint": "closed_qa-64f5b0492d0fcfe2", "name": "closed_qa", "model": "judge", "selftest": null, "untested": "skipped with --llm-no-selftest", "calibration": null}, {"fingerprint": "closed_qa-c1f1fae68f36a175", "name": "closed_qa", "model": "judge", "selftest": null, "untested": "skipped with --llm-no-selftest", "calibration": null}, {"fingerprint": "faithfulness-41d12a02d5c880f3", "name": "faithfulness", "model": "judge", "selftest": null, "untested": "skipped with --llm-no-selftest", "calibration": null}, {"fingerprint": "geval-3ed2ea2045f9c227", "name": "geval", "model": "judge", "selftest": null, "untested": "skipped with --llm-no-selftest", "calibration": null}, {"fingerprint": "jury-2766f3025fe2f9ed", "name": "jury", "model": "judge, third", "selftest": null, "untested": "skipped with --llm-no-selftest", "calibration": null}, {"fingerprint": "pairwise-4724c3d91a41a707", "name": "pairwise", "model": "judge", "selftest": null, "untested": "skipped with --llm-no-selftest", "calibration": null}]',NULL);
INSERT INTO "runs" VALUES(11,'20261130T100303-0042fb','merged','2026-11-30T10:02:54.009+00:00','2026-11-30T10:03:03.391+00:00',0,6,6,0.0,0,'{"base_url": "http://127.0.0.1:18767/v1", "provider": "column:new", "retries": "1", "prices": "mock = 1000 1000\njudge = 500 2000\nthird = 100 100", "seed": "0", "no_selftest": "True", "threshold": "points>=3.5", "gate": "pass_rate>=.1", "fail_on": "gate", "log": "runs.sqlite", "html": "", "merged": "20261130T100253-3cf5b6, 20261130T100258-82a39d"}','{"python": "3.11.7", "pytest": "9.2.0", "pytest-llm-golden": "0.1.0"}',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(14,'20261130T100334-fe80c0','cut','2026-11-30T10:03:34.964+00:00','2026-11-30T10:03:38.586+00:00',1,0,0,0.0,0,'{"model": "mock", "base_url": "http://127.0.0.1:18767/v1", "retries": "1", "prices": "mock = 1000 1000\njudge = 500 2000\nthird = 100 100", "seed": "0", "judge_model": "judge", "no_selftest": "True", "min_score": "4.0", "gate": "pass_rate>=.1", "log": "runs.sqlite", "html": "", "name": "cut"}','{"python": "3.11.7", "pytest": "9.2.0", "pytest-llm-golden": "0.1.0"}','["the run was cut off before its end, so its gates give no verdict"]',NULL,'[{"fingerprint": "rubric-b359f981876035f5", "name": "rubric", "model": "judge", "selftest": {"right": {"expected": 5, "empty": 5, "constant": 5, "other": 5, "injection": 5}, "tried": 5, "complaint": "", "calls": 25, "usd": 5.638, "made_at": "2026-11-30T10:01:51.073+00:00"}, "untested": "", "calibration": {"figures": {"kappa": {"estimate": 0.8235294117647058, "low": 0.3846153846153845, "high": 1.0, "n": 12}, "weighted_kappa": {"estimate": 0.8925081433224755, "low": 0.5842228464419474, "high": 0.9710926529422673, "n": 12}, "alpha": {"estimate": 0.896636252212992, "low": 0.5902964812021412, "high": 0.972278874671345, "n": 12}, "pearson": {"estimate": 0.8988487416174915, "low": 0.6811382533694504, "high": 0.9800092713617705, "n": 12}, "spearman": {"estimate": 0.8357607903377591, "low": 0.4120111385144197, "high": 0.9689994992222619, "n": 12}, "kendall": {"estimate": 0.7465659667474605, "low": 0.3751049426817823, "high": 0.935450351869976, "n": 12}, "offset": {"estimate": 0.20833333333333348, "low": -0.25, "high": 0.7083333333333335, "n": 12}, "mean": {"estimate": 3.2916666666666665, "low": 2.250781587723582, "high": 4.33255174560975, "n": 12}}, "cases": 12, "unscored": 0, "labels": "labels.csv", "made_at": "2026-11-30T10:01:59+00:00"}}]',NULL);
CREATE TABLE samples (
	case_number INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	is_draw BOOLEAN, 
	kept BOOLEAN, 
	error TEXT, 
	PRIMARY KEY (case_number, position), 
	FOREIGN KEY(case_number) REFERENCES cases (number) ON DELETE CASCADE
);
INSERT INTO "samples" VALUES(20,0,0,0,0,'');
INSERT INTO "samples" VALUES(20,1,1,0,0,'');
INSERT INTO "samples" VALUES(20,2,2,0,1,'');
INSERT INTO "samples" VALUES(20,3,3,0,0,'');
INSERT INTO "samples" VALUES(20,4,4,1,0,'');
INSERT INTO "samples" VALUES(20,5,5,1,0,'');
INSERT INTO "samples" VALUES(20,6,6,1,0,'');
INSERT INTO "samples" VALUES(21,0,0,0,0,'');
INSERT INTO "samples" VALUES(21,1,1,1,1,'');
INSERT INTO "samples" VALUES(21,2,2,1,1,'');
INSERT INTO "samples" VALUES(21,3,3,1,1,'');
INSERT INTO "samples" VALUES(21,4,4,1,1,'');
INSERT INTO "samples" VALUES(21,5,5,1,1,'');
INSERT INTO "samples" VALUES(21,6,6,1,1,'');
INSERT INTO "samples" VALUES(21,7,7,1,1,'');
INSERT INTO "samples" VALUES(21,8,8,1,1,'');
INSERT INTO "samples" VALUES(22,0,0,0,0,'');
INSERT INTO "samples" VALUES(22,1,1,1,0,'');
INSERT INTO "samples" VALUES(22,2,2,1,1,'');
INSERT INTO "samples" VALUES(22,3,3,1,0,'');
INSERT INTO "samples" VALUES(22,4,4,1,0,'');
INSERT INTO "samples" VALUES(23,0,0,0,0,'');
INSERT INTO "samples" VALUES(23,1,1,1,0,'');
INSERT INTO "samples" VALUES(23,2,2,1,1,'');
INSERT INTO "samples" VALUES(23,3,3,1,0,'');
INSERT INTO "samples" VALUES(23,4,4,1,0,'');
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	since TEXT
);
INSERT INTO "schema_version" VALUES(4,'2026-11-30T10:01:51+00:00');
CREATE TABLE scores (
	case_number INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	value DOUBLE, 
	reason TEXT, 
	error TEXT, 
	version TEXT, 
	scale_low DOUBLE, 
	scale_high DOUBLE, 
	higher_is_better BOOLEAN, 
	unit TEXT, 
	raw TEXT, 
	parts TEXT, 
	cost_usd DOUBLE, 
	sample INTEGER, 
	PRIMARY KEY (case_number, position), 
	FOREIGN KEY(case_number) REFERENCES cases (number) ON DELETE CASCADE
);
INSERT INTO "scores" VALUES(9,0,'mentions',1.0,'free?',NULL,'1/free',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(9,1,'mentions',1.0,'bike?',NULL,'1/bike',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(10,0,'mentions',0.0,'free?',NULL,'1/free',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(10,1,'mentions',1.0,'bike?',NULL,'1/bike',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(10,2,'points',4.0,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(11,0,'mentions',0.0,'free?',NULL,'1/free',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(11,1,'mentions',0.0,'bike?',NULL,'1/bike',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(12,0,'contains',1.0,'contains ''free''',NULL,'1/text="free"',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(12,1,'mentions',1.0,'bike?',NULL,'1/bike',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(12,2,'contains',1.0,'contains ''points''',NULL,'1/text="points"',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(13,0,'contains',0.0,'does not contain ''free''',NULL,'1/text="free"',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(14,0,'contains',0.0,'does not contain ''free''',NULL,'1/text="free"',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(15,0,'points',NULL,'','ValueError: could not convert string to float: ''no''','1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(17,0,'points',5.0,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(18,0,'points',2.0,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(19,0,'mentions',1.0,'bike?',NULL,'1/bike',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(20,0,'rubric',1.25,'mean of 4 samples: worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','','{"n": 4, "scored": 4, "unscored": 0, "min": 0.0, "max": 5.0, "mean": 1.25, "sd": 2.5}',0.0,NULL);
INSERT INTO "scores" VALUES(20,1,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,0);
INSERT INTO "scores" VALUES(20,2,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,1);
INSERT INTO "scores" VALUES(20,3,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,2);
INSERT INTO "scores" VALUES(20,4,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,3);
INSERT INTO "scores" VALUES(20,5,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,4);
INSERT INTO "scores" VALUES(20,6,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,5);
INSERT INTO "scores" VALUES(20,7,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,6);
INSERT INTO "scores" VALUES(21,0,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(21,1,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,0);
INSERT INTO "scores" VALUES(21,2,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,1);
INSERT INTO "scores" VALUES(21,3,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,2);
INSERT INTO "scores" VALUES(21,4,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,3);
INSERT INTO "scores" VALUES(21,5,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,4);
INSERT INTO "scores" VALUES(21,6,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,5);
INSERT INTO "scores" VALUES(21,7,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,6);
INSERT INTO "scores" VALUES(21,8,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,7);
INSERT INTO "scores" VALUES(21,9,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.1795,8);
INSERT INTO "scores" VALUES(22,0,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(22,1,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,0);
INSERT INTO "scores" VALUES(22,2,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,1);
INSERT INTO "scores" VALUES(22,3,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,2);
INSERT INTO "scores" VALUES(22,4,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,3);
INSERT INTO "scores" VALUES(22,5,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.18,4);
INSERT INTO "scores" VALUES(23,0,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(23,1,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,0);
INSERT INTO "scores" VALUES(23,2,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,1);
INSERT INTO "scores" VALUES(23,3,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,2);
INSERT INTO "scores" VALUES(23,4,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,3);
INSERT INTO "scores" VALUES(23,5,'rubric',0.0,'worth 0',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,4);
INSERT INTO "scores" VALUES(24,0,'rubric',1.0,'worth 1',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.179,NULL);
INSERT INTO "scores" VALUES(25,0,'lexicon_count',2.0,'',NULL,'textstat 0.7.8/en_US',0.0,NULL,0,'words','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(25,1,'rubric',5.0,'worth 5',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.179,NULL);
INSERT INTO "scores" VALUES(26,0,'contains',1.0,'contains ''free''',NULL,'1/text="free"',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(26,1,'mentions',1.0,'bike?',NULL,'1/bike',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(26,2,'contains',1.0,'contains ''points''',NULL,'1/text="points"',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(26,3,'rubric',4.0,'worth 4',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.2215,NULL);
INSERT INTO "scores" VALUES(27,0,'contains',0.0,'does not contain ''free''',NULL,'1/text="free"',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(28,0,'contains',0.0,'does not contain ''free''',NULL,'1/text="free"',0.0,1.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(29,0,'pairwise',1.0,'worth 4',NULL,'pairwise-4724c3d91a41a707',0.0,1.0,1,'','','{"first": 1.0, "second": 1.0}',0.395,NULL);
INSERT INTO "scores" VALUES(29,1,'jury',4.0,'worth 4',NULL,'jury-2766f3025fe2f9ed',0.0,5.0,1,'','','{"jurors": 2.0, "unscored": 0.0, "spread": 0.0, "sd": 0.0, "judge": 4.0, "third": 4.0}',0.2727,NULL);
INSERT INTO "scores" VALUES(29,2,'geval',3.90000000000000035527e+00,'worth 4',NULL,'geval-3ed2ea2045f9c227',0.0,5.0,1,'','','{"integer": 4.0, "mass": 1.0, "expected": 3.9000000000000004}',0.2085,NULL);
INSERT INTO "scores" VALUES(29,3,'faithfulness',1.0,'all 2 hold',NULL,'faithfulness-41d12a02d5c880f3',0.0,1.0,1,'','','{"claims": 2.0, "supported": 2.0}',4.02499999999999968913e-01,NULL);
INSERT INTO "scores" VALUES(29,4,'closed_qa',1.0,'worth 4',NULL,'closed_qa-64f5b0492d0fcfe2',0.0,1.0,1,'','',NULL,0.1505,NULL);
INSERT INTO "scores" VALUES(29,5,'closed_qa',1.0,'worth 4',NULL,'closed_qa-c1f1fae68f36a175',0.0,1.0,1,'','',NULL,0.151,NULL);
INSERT INTO "scores" VALUES(48,0,'points',3.0,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(49,0,'points',3.5,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(50,0,'points',3.0,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(51,0,'points',4.5,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(52,0,'points',3.0,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(53,0,'points',3.0,'',NULL,'1',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(61,0,'rubric',5.0,'the same',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,NULL);
INSERT INTO "scores" VALUES(62,0,'rubric',0.0,'another',NULL,'rubric-b359f981876035f5',0.0,5.0,1,'','',NULL,0.0,NULL);
CREATE INDEX cases_in_order ON cases (run_id, suite, file, line, case_id, sample);
COMMIT;
