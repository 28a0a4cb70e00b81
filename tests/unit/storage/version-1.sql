BEGIN TRANSACTION;
CREATE TABLE documents (
	hash VARCHAR(64) NOT NULL, 
	size INTEGER NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (hash)
);
INSERT INTO "documents" VALUES('43581b9990f630d7d6de71e22e4c48935a5e78d19680ab4e3280707af9a56685',180,X'785E358EC10AC3300C43FF45E76CCB76CC6FEC384609ADDB06DC3824EE1894FEFBDCC26E424F48DA104B41D890D3342BC27D77E885997AA5A18BE6000EC35AA326C95D43F00EA3D4E5444DA5D2C8447A6D1A956E770BCFD20EF6F4DE3F2E45DAE12DA9B5942784D7DBA170D4A3C2429CF2FA355EAA7C28C7DC937DB10B55D81434311B3D67FE95D87FF2893A67');
INSERT INTO "documents" VALUES('de723e86ec556cec2cc1dc8c918656fecec66e5bfa78dc3b423f72e97af2ab25',180,X'785E358EC10AC3300C43FF45E76CEB60A7FCC68E6394D0BA6DC08D43E28E41E9BFCF29CC27A12764ED0839C3EF48715E14FE71380CC24C83D2D807730087712B41A3A4BEC2770E9394F54455A5D0C4447AAD1A946E770B2F521B7B7676972CB5796BAC35A619FEF576C81CB455588863DABEC673910FA59006B22D36A1089B824666A3E79B7F258E1FF3C33A66');
INSERT INTO "documents" VALUES('3b69318777332fa8243b9dce888325b644d7522710146389745e058012574083',180,X'785E358EC10AC3300C43FF45E76CCB60A7FCC68E6394D0BA6DC08D43E28E41E9BFCF2DEC26F484A40DB114840D394DB3223C76875E98A9571ABA680EE030AC356A92DC3504EF304A5D4ED4542A8D4CA4D7A651E976B7F02CED604FEFFDFD52A41DDE925A4B794278BD1D0A473D2A2CC429AF5FE3A5CA8772CC3DD917BB50854D4113B3D173E65F89FD07F41C3A68');
CREATE TABLE findings (
	id INTEGER NOT NULL, 
	host VARCHAR(130) NOT NULL, 
	store VARCHAR(63) NOT NULL, 
	audit VARCHAR(200) NOT NULL, 
	control VARCHAR(200) NOT NULL, 
	"key" TEXT NOT NULL, 
	severity VARCHAR(20) NOT NULL, 
	first_seen VARCHAR(40) NOT NULL, 
	first_run VARCHAR(200) NOT NULL, 
	last_seen VARCHAR(40) NOT NULL, 
	last_run VARCHAR(200) NOT NULL, 
	closed_at VARCHAR(40), 
	closed_run VARCHAR(200), 
	closed_how VARCHAR(10), 
	digest VARCHAR(64) NOT NULL, 
	distance FLOAT, 
	worse_since VARCHAR(40), 
	worse_run VARCHAR(200), 
	reopened INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(first_run) REFERENCES runs (id), 
	FOREIGN KEY(last_run) REFERENCES runs (id), 
	FOREIGN KEY(closed_run) REFERENCES runs (id), 
	FOREIGN KEY(worse_run) REFERENCES runs (id)
);
INSERT INTO "findings" VALUES(1,'S0000-pos1','S0000','a','T-1','/a[0]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-02-01T01:00:00Z','2026-02-01-audit','2026-03-01T01:00:00Z','2026-03-01-audit','fixed','95da37eb8af66f920d5a2856b0c1b54f',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(2,'S0000-pos1','S0000','a','T-1','/a[1]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-01-01T01:00:00Z','2026-01-01-audit','2026-02-01T01:00:00Z','2026-02-01-audit','fixed','2bf55f259687bc08ccf58c92fd150144',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(3,'S0000-pos1','S0000','a','T-1','/a[3]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-02-01T01:00:00Z','2026-02-01-audit','2026-03-01T01:00:00Z','2026-03-01-audit','fixed','95da37eb8af66f920d5a2856b0c1b54f',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(4,'S0000-pos1','S0000','a','T-1','/a[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxä\ud800]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit',NULL,NULL,NULL,'288bbbc6ee007256a1dc636dc70448d0',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(5,'S0001-pos1','S0001','a','T-1','/a[0]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-01-01T01:00:00Z','2026-01-01-audit','2026-02-01T01:00:00Z','2026-02-01-audit','fixed','2bf55f259687bc08ccf58c92fd150144',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(6,'S0001-pos1','S0001','a','T-1','/a[2]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-02-01T01:00:00Z','2026-02-01-audit','2026-03-01T01:00:00Z','2026-03-01-audit','fixed','95da37eb8af66f920d5a2856b0c1b54f',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(7,'S0001-pos1','S0001','a','T-1','/a[3]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-01-01T01:00:00Z','2026-01-01-audit','2026-02-01T01:00:00Z','2026-02-01-audit','fixed','2bf55f259687bc08ccf58c92fd150144',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(8,'S0002-pos1','S0002','a','T-1','/a[1]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-01-01T01:00:00Z','2026-01-01-audit',NULL,NULL,NULL,'2bf55f259687bc08ccf58c92fd150144',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(9,'S0002-pos1','S0002','a','T-1','/a[2]','high','2026-01-01T01:00:00Z','2026-01-01-audit','2026-01-01T01:00:00Z','2026-01-01-audit',NULL,NULL,NULL,'2bf55f259687bc08ccf58c92fd150144',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(10,'S0000-pos1','S0000','a','T-1','/a[2]','high','2026-02-01T01:00:00Z','2026-02-01-audit','2026-03-01T01:00:00Z','2026-03-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit','fixed','614a5640c1cbc3aa8932ce0b192ea6f4',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(11,'S0001-pos1','S0001','a','T-1','/a[1]','high','2026-02-01T01:00:00Z','2026-02-01-audit','2026-03-01T01:00:00Z','2026-03-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit','fixed','614a5640c1cbc3aa8932ce0b192ea6f4',NULL,NULL,NULL,0);
INSERT INTO "findings" VALUES(12,'S0000-pos1','S0000','a','T-1','/a[1]','high','2026-03-01T01:00:00Z','2026-03-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit',NULL,NULL,NULL,'288bbbc6ee007256a1dc636dc70448d0',NULL,NULL,NULL,1);
INSERT INTO "findings" VALUES(13,'S0001-pos1','S0001','a','T-1','/a[0]','high','2026-03-01T01:00:00Z','2026-03-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit',NULL,NULL,NULL,'288bbbc6ee007256a1dc636dc70448d0',NULL,NULL,NULL,1);
INSERT INTO "findings" VALUES(14,'S0001-pos1','S0001','a','T-1','/a[3]','high','2026-03-01T01:00:00Z','2026-03-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit',NULL,NULL,NULL,'288bbbc6ee007256a1dc636dc70448d0',NULL,NULL,NULL,1);
INSERT INTO "findings" VALUES(15,'S0000-pos1','S0000','a','T-1','/a[0]','high','2026-04-01T01:00:00Z','2026-04-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit',NULL,NULL,NULL,'288bbbc6ee007256a1dc636dc70448d0',NULL,NULL,NULL,1);
INSERT INTO "findings" VALUES(16,'S0000-pos1','S0000','a','T-1','/a[3]','high','2026-04-01T01:00:00Z','2026-04-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit',NULL,NULL,NULL,'288bbbc6ee007256a1dc636dc70448d0',NULL,NULL,NULL,1);
INSERT INTO "findings" VALUES(17,'S0001-pos1','S0001','a','T-1','/a[2]','high','2026-04-01T01:00:00Z','2026-04-01-audit','2026-04-01T01:00:00Z','2026-04-01-audit',NULL,NULL,NULL,'288bbbc6ee007256a1dc636dc70448d0',NULL,NULL,NULL,1);
CREATE TABLE host_status (
	host VARCHAR(130) NOT NULL, 
	store VARCHAR(63) NOT NULL, 
	run VARCHAR(200) NOT NULL, 
	last_reached VARCHAR(40), 
	dark_since VARCHAR(40), 
	document VARCHAR(64), 
	collected_at VARCHAR(40), 
	duration_s FLOAT, 
	PRIMARY KEY (host), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	FOREIGN KEY(document) REFERENCES documents (hash)
);
INSERT INTO "host_status" VALUES('S0000-pos1','S0000','2026-04-01-audit','2026-04-01T01:00:00Z',NULL,'de723e86ec556cec2cc1dc8c918656fecec66e5bfa78dc3b423f72e97af2ab25','2026-04-01T01:00:00Z',1.5);
INSERT INTO "host_status" VALUES('S0001-pos1','S0001','2026-04-01-audit','2026-04-01T01:00:00Z',NULL,'3b69318777332fa8243b9dce888325b644d7522710146389745e058012574083','2026-04-01T01:00:00Z',1.5);
INSERT INTO "host_status" VALUES('S0002-pos1','S0002','2026-04-01-audit','2026-01-01T01:00:00Z','2026-02-01T01:00:00Z','43581b9990f630d7d6de71e22e4c48935a5e78d19680ab4e3280707af9a56685','2026-01-01T01:00:00Z',1.5);
CREATE TABLE runs (
	id VARCHAR(200) NOT NULL, 
	verb VARCHAR(40) NOT NULL, 
	started_at VARCHAR(40) NOT NULL, 
	finished_at VARCHAR(40), 
	machine VARCHAR(255) NOT NULL, 
	process VARCHAR(100) NOT NULL, 
	scope VARCHAR(20) NOT NULL, 
	info TEXT NOT NULL, 
	exit INTEGER, 
	words TEXT, 
	totals TEXT, 
	changes TEXT, 
	document BLOB, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('2026-01-01-audit','audit','2026-01-01T01:00:00Z','2026-01-01T01:00:00Z','ops1','6177:672771:55c3ef0f-4417-405f-baf7-303893778071','all-audits','{"id":"2026-01-01-audit","verb":"audit","fleet":"grocery-de","actor":{"user":"op-a","on":"ops1","signed_by":null},"started_at":"2026-01-01T01:00:00Z","finished_at":"2026-01-01T01:00:00Z","limit":null,"inputs":{"commit":"4be1c02","dirty":false},"version":"0.1.0","reason":null,"ticket":null}',3,'no host was judged; no findings; coverage 100 %','{"stores":0,"hosts":0,"results":{"pass":0,"fail":0,"error":0,"unknown":0,"na":0,"waived":0,"skipped":0},"trial":0}','{"new":0,"worse":0,"fixed":0,"still":0,"reopened":0,"retired":0}',X'785E8551D16E23210CFC951552DF9294CD557DD8FE469F5A9D4E049C8D1B022BC3665B45F9F7B34DD23E56426218EC99C15CCC3ED3C95533985233C13E02D48D9B03D6C7DEAC0CCDC90C1783810BB676FBBCB6BD2C2DE0EB33D08E6FEE47EDE6F348D9037DAD0330E93C0B8BC85C807793A7B5633A27C5455C0A8E09C2BFDD9719D21CE39599EAA832A5C97E8C5F6D3F58CBEB4DDC306139FC5214F1C4D1547665304D732D92C5E793F2E66907BDB75BAE0C489503EC5D2C70D5A715D49076D36FACCC025C11A26955F44779EC2D309707F455B4E15394FFACCC9229B09B49B93BE452BBC595EE630E2384978E39CE1F308DE5A5F399DBDD085D6F6DF7C05677A2C94DE0791666B02BD3DA154E401E123B71D3C6CAF0B3CC594F574E5473E5A78882FE6CD126C9D11033736CC3985C69DCDE61540044A2C5684EC79497A43839DD1687E75B8672C469522C86844EDAF5FB9AE3FBDF6F4B81FEE0D228FCC524589A58A602CD1C3FEFAA1563CB41902748379AA022DDCD7CCC45B0C86A20528FEB7F047DE19C');
INSERT INTO "runs" VALUES('2026-02-01-audit','audit','2026-02-01T01:00:00Z','2026-02-01T01:00:00Z','ops1','6177:672771:55c3ef0f-4417-405f-baf7-303893778071','all-audits','{"id":"2026-02-01-audit","verb":"audit","fleet":"grocery-de","actor":{"user":"op-a","on":"ops1","signed_by":null},"started_at":"2026-02-01T01:00:00Z","finished_at":"2026-02-01T01:00:00Z","limit":null,"inputs":{"commit":"4be1c02","dirty":false},"version":"0.1.0","reason":null,"ticket":null}',3,'no host was judged; no findings; coverage 100 %','{"stores":0,"hosts":0,"results":{"pass":0,"fail":0,"error":0,"unknown":0,"na":0,"waived":0,"skipped":0},"trial":0}','{"new":0,"worse":0,"fixed":0,"still":0,"reopened":0,"retired":0}',X'785E8551D16E23210CFC951552DFB2299B9EEE61FB1B7DBA5355117036BE10581936DB2ACABFD736C9DDE349480C833D3398AB39643ABB6A46536A26384480BA754BC0FA3C988DA12599F16A3070C1CEEE7EF676D7DBA1D702BEBE00EDF9E671D46E3E4F943DD0571F8049E75958449602BC9B3CF78EE99C141771293825081FFB2F33A625C61B33D551654A93FD337EB3C3682DAF5FE28609CBF13F4511CF1C4D653706D3BCD422597C3E2B6F7EEC61F076C79501A97280838B056EFAB4821AD26E87AD9559802B4234AD8AFE248FBD07E6F280BE8A367C8AF2CBC6AC9902BB9994BB632EB55B5DE9FE2C6182F0DA31C7F903A6A9BC763E73BB9BA01BACED9ED8EA4134B9193CCFC28C76635ABBC219C84362276EDA5A197E9639EBE9C6896AAEFC1451D09F2DDA24391A6266896D18B32B8D3B388C0A8048B4182DE994F29A1427A7DBEAF072CF504E38CF8AC590D049BB7E5F73FCFDFED752A03FBA34097F3509D62696A94033C7CF876AC5D87210E419D29D26A8480F331F73112CB21A88D4E3F60D0B43E19F');
INSERT INTO "runs" VALUES('2026-03-01-audit','audit','2026-03-01T01:00:00Z','2026-03-01T01:00:00Z','ops1','6177:672771:55c3ef0f-4417-405f-baf7-303893778071','all-audits','{"id":"2026-03-01-audit","verb":"audit","fleet":"grocery-de","actor":{"user":"op-a","on":"ops1","signed_by":null},"started_at":"2026-03-01T01:00:00Z","finished_at":"2026-03-01T01:00:00Z","limit":null,"inputs":{"commit":"4be1c02","dirty":false},"version":"0.1.0","reason":null,"ticket":null}',3,'no host was judged; no findings; coverage 100 %','{"stores":0,"hosts":0,"results":{"pass":0,"fail":0,"error":0,"unknown":0,"na":0,"waived":0,"skipped":0},"trial":0}','{"new":0,"worse":0,"fixed":0,"still":0,"reopened":0,"retired":0}',X'785E8551D16E23210CFC9515D2BD65736C5ADDC3F637FAD4D3E944C0D9B821B0326CB655947F3FDB24BDC74A480C833D3398AB39643ABB6A46536A26384480BA754BC0FA73301B434B32E3D560E0829DDDFDEAED536F875E0BF8FA02B4E79BC751BBF93C51F6409F7D00269D676111590AF06EF2DC3BA673525CC4A5E09420FCDD7F9A312D31DE98A98E2A539AECBFF1AB1D466B79BD891B262CC76F8A229E399ACA6E0CA679A945B2F87C56DE3CEF61F076C79501A97280838B056EFAB4821AD26E87AD9559802B4234AD8AFE248FBD07E6F280BE8A367C88F2D3C6AC9902BB9994BB632EB55B5DE9DE97304178E998E3FC01D3545E3A9FB9DD4DD00DD6763FD8EA4134B9193CCFC28C76635ABBC219C84362276EDA5A197E9639EBE9C6896AAEFC1451D09F2DDA24391A6266896D18B32B8D3B388C0A8048B4182DE994F29A1427A7DBEAF072CF504E38CF8AC590D049BB7E5F73FCFDE7CB52A03FBA34097F3509D62696A94033C78F876AC5D87210E419D29D26A8480F331F73112CB21A88D4E3F60F1209E1A2');
INSERT INTO "runs" VALUES('2026-04-01-audit','audit','2026-04-01T01:00:00Z',NULL,'ops1','6177:672771:55c3ef0f-4417-405f-baf7-303893778071','all-audits','{"id":"2026-04-01-audit","verb":"audit","fleet":"grocery-de","actor":{"user":"op-a","on":"ops1","signed_by":null},"started_at":"2026-04-01T01:00:00Z","finished_at":"2026-04-01T01:00:00Z","limit":null,"inputs":{"commit":"4be1c02","dirty":false},"version":"0.1.0","reason":null,"ticket":null}',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE schema_version (
	version INTEGER NOT NULL
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE store_totals (
	run VARCHAR(200) NOT NULL, 
	store VARCHAR(63) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	worst VARCHAR(20), 
	hosts INTEGER NOT NULL, 
	judged INTEGER NOT NULL, 
	open INTEGER NOT NULL, 
	new INTEGER NOT NULL, 
	PRIMARY KEY (run, store), 
	FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_runs_started_at ON runs (started_at);
CREATE INDEX ix_host_status_document ON host_status (document);
CREATE INDEX ix_host_status_store ON host_status (store);
CREATE INDEX findings_of_host ON findings (host, audit, control);
CREATE UNIQUE INDEX one_open_finding ON findings (host, audit, control, "key") WHERE closed_at IS NULL;
COMMIT;
