// A second user, with which only approved fixes run. Run in mongosh as a user administrator.
db.getSiblingDB("admin").createRole({
  role: "dbagptFix",
  privileges: [
    { resource: { cluster: true }, actions: ["inprog", "killop", "serverStatus", "replSetGetStatus"] },
    { resource: { db: "shop", collection: "" }, actions: ["find", "listIndexes", "listCollections", "collStats", "indexStats", "createIndex", "dropIndex", "collMod"] }
  ],
  roles: []
})
db.getSiblingDB("admin").createUser({
  user: "dbagpt_fix",
  pwd: passwordPrompt(),
  mechanisms: ["SCRAM-SHA-256"],
  roles: [{ role: "dbagptFix", db: "admin" }]
})
