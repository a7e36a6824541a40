// Queues of the pipeline: documents that wait, and documents that were rejected.

import { principal } from '../security/types.bicep'

@export()
@description('Names of the queues; the code of the pipeline has the same ones.')
var queueNames = {
  documents: 'documents'
  documentsRejected: 'documents-rejected'
}

@description('Name of the namespace.')
@minLength(6)
@maxLength(50)
param name string

@description('Region of the namespace.')
param location string

@description('Tags of the namespace.')
param tags { *: string }

@description('Tier of the namespace. Standard cannot become Premium.')
param sku 'Standard' | 'Premium'

@description('Whether the namespace answers from the internet; only Premium can be closed. Shared keys are off either way.')
param publicNetworkAccess 'Enabled' | 'Disabled'

@description('Those who send and receive: the function app defers and rejects what it receives, and replays what was rejected.')
param users principal[]

@description('Resource id of the workspace that takes the audit log.')
param workspaceId string

@description('The queues, each with its own patience.')
var queues = [
  {
    name: queueNames.documents
    // Deferred documents come as new messages, so only crashes and unforeseen errors count: five are no coincidence.
    maxDeliveryCount: 5
    timeToLive: 'P14D'
  }
  {
    name: queueNames.documentsRejected
    // Whoever takes one document out holds those before it for a moment, which counts as a delivery: the highest number.
    maxDeliveryCount: 2000
    // Somebody has to decide about them.
    timeToLive: null
  }
]

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: sku
    tier: sku
    capacity: sku == 'Premium' ? 1 : null
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    // Order is not needed across documents, and one partition is the only number that costs one messaging unit.
    premiumMessagingPartitions: sku == 'Premium' ? 1 : null
    publicNetworkAccess: publicNetworkAccess
    zoneRedundant: sku == 'Premium'
  }

  // Event Grid has no way into a private network: it comes as a trusted service, also where the internet may not.
  resource network 'networkRuleSets' = if (sku == 'Premium') {
    name: 'default'
    properties: {
      defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny'
      publicNetworkAccess: publicNetworkAccess
      trustedServiceAccessEnabled: true
    }
  }
}

module queue 'service-bus-queue.bicep' = [
  for item in queues: {
    params: {
      namespaceName: name
      name: item.name
      maxDeliveryCount: item.maxDeliveryCount
      timeToLive: item.timeToLive
      users: users
    }
    dependsOn: [
      namespace
    ]
  }
]

resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

@description('Host of the namespace, as clients name it.')
output host string = '${namespace.name}.servicebus.windows.net'
