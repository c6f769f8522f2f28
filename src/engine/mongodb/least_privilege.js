// Run in mongosh as a user administrator. Name the databases whose documents may be read; leave the line out where
// only the server is to be watched.
db.getSiblingDB("admin").createUser({
  user: "dbagpt_ro",
  pwd: passwordPrompt(),
  mechanisms: ["SCRAM-SHA-256"],
  roles: [
    { role: "clusterMonitor", db: "admin" },
    { role: "read", db: "shop" }
  ]
})
