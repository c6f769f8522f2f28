// A second user, with which only approved fixes run. Run in mongosh as a user administrator. Name the databases in which
// fixes may be made.
db.getSiblingDB("admin").createRole({
  role: "dbagptFix",
  privileges: [
    // To end operations and sessions, to set parameters, and to see that it worked.
    { resource: { cluster: true }, actions: ["inprog", "killop", "killAnySession", "getParameter", "setParameter", "serverStatus", "replSetGetStatus", "replSetResizeOplog"] },
    // To see how large the replication log may become.
    { resource: { db: "local", collection: "oplog.rs" }, actions: ["collStats"] },
    // To tell how a transaction ended whose answer was lost.
    { resource: { db: "config", collection: "transactions" }, actions: ["find"] },
    // To make, hide and drop indexes, and to read what there is before it is changed.
    { resource: { db: "shop", collection: "" }, actions: ["find", "listIndexes", "listCollections", "collStats", "indexStats", "createIndex", "dropIndex", "collMod"] }
  ],
  roles: []
})
// To change documents with statements that a person typed and approved; leave it out where nobody shall. The right to
// insert and to remove is also what brings documents back that were deleted, and takes back those that were made.
db.getSiblingDB("admin").grantPrivilegesToRole("dbagptFix", [
  { resource: { db: "shop", collection: "" }, actions: ["insert", "update", "remove"] }
])
db.getSiblingDB("admin").createUser({
  user: "dbagpt_fix",
  pwd: passwordPrompt(),
  mechanisms: ["SCRAM-SHA-256"],
  roles: [{ role: "dbagptFix", db: "admin" }]
})
