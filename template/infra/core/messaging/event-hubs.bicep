// The stream of results: the pipeline's own consumer records them, others read beside it.

import { eventHubsSettings } from '../../profile-types.bicep'
import { principal } from '../security/types.bicep'

@export()
@description('Names of the event hub and of the consumer group; the code of the pipeline has the same ones.')
var eventHubNames = {
  results: 'ai-results'
  recordResult: 'record-result'
}

@description('Name of the namespace.')
@minLength(8)
@maxLength(50)
param name string

@description('Region of the namespace.')
param location string

@description('Tags of the namespace.')
param tags { *: string }

@description('Throughput, partitions and retention.')
param settings eventHubsSettings

@description('Whether the namespace answers from the internet. Shared keys are off either way.')
param publicNetworkAccess 'Enabled' | 'Disabled'

@description('Those who send and receive.')
param users principal[]

@description('Resource id of the workspace that takes the audit log.')
param workspaceId string

@description('Id of the built-in role Azure Event Hubs Data Receiver.')
var receiverRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'
)

@description('Id of the built-in role Azure Event Hubs Data Sender.')
var senderRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '2b629674-e913-4c01-ae53-ef4638d8f975'
)

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Standard'
    capacity: 1
  }
  properties: {
    disableLocalAuth: true
    // One unit is billed until a burst needs more.
    isAutoInflateEnabled: true
    maximumThroughputUnits: settings.maximumThroughputUnits
    minimumTlsVersion: '1.2'
    publicNetworkAccess: publicNetworkAccess
  }

  resource results 'eventhubs' = {
    name: eventHubNames.results
    properties: {
      partitionCount: settings.partitionCount
      retentionDescription: {
        cleanupPolicy: 'Delete'
        retentionTimeInHours: settings.retentionInHours
      }
    }

    resource recordResult 'consumergroups' = {
      name: eventHubNames.recordResult
    }
  }
}

resource receiver 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for user in users: {
    name: guid(namespace::results.id, user.principalId, receiverRoleId)
    scope: namespace::results
    properties: {
      principalId: user.principalId
      principalType: user.principalType
      roleDefinitionId: receiverRoleId
    }
  }
]

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for user in users: {
    name: guid(namespace::results.id, user.principalId, senderRoleId)
    scope: namespace::results
    properties: {
      principalId: user.principalId
      principalType: user.principalType
      roleDefinitionId: senderRoleId
    }
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
