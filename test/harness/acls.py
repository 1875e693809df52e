"""Permissions at a broker's standard authorizer, given by whoever may give them."""
from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, AdminClient,
                                   ResourcePatternType, ResourceType)

KINDS = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP,
         "transactional id": ResourceType.TRANSACTIONAL_ID, "cluster": ResourceType.BROKER}


def grant(bootstrap, user, *permissions, pattern="literal"):
    """Allows `user` what `permissions` say, each as (kind of KINDS, name, operation): ("topic", "t",
    "write"). A cluster's name is "kafka-cluster". With the pattern "prefixed" names are how names begin."""
    bindings = [AclBinding(KINDS[kind], name, ResourcePatternType[pattern.upper()], f"User:{user}",
                           "*", AclOperation[operation.upper()], AclPermissionType.ALLOW)
                for kind, name, operation in permissions]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.create_acls(bindings).values():
        done.result(10)
