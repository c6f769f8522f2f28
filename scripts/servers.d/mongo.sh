# Something that speaks MongoDB (optional): the DocumentDB engine inside PostgreSQL, from Debian's testing release as
# plain files, behind the bridge of tests/bridge, which speaks MongoDB's wire protocol.

mongo_up() {
    skip "the bridge is not built yet"
}

mongo_exports() {
    echo "export DBA_GPT_TEST_MONGO='mongodb://127.0.0.1:$(<"$folder/mongo.port")/shop'"
}
mongo_variables=(DBA_GPT_TEST_MONGO)
