// A queue and those who use it.

import { principal } from '../security/types.bicep'

@description('Name of the namespace.')
param namespaceName string

@description('Name of the queue.')
@minLength(1)
@maxLength(260)
param name string

@description('Deliveries of a message after which it is dead-lettered.')
@minValue(1)
@maxValue(2000)
param maxDeliveryCount int

@description('How long a message waits before it is dead-lettered; for ever where it is not given.')
param timeToLive string?

@description('Those who send and receive.')
param users principal[]

@description('Id of the built-in role Azure Service Bus Data Receiver.')
var receiverRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
)

@description('Id of the built-in role Azure Service Bus Data Sender.')
var senderRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
)

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: namespaceName
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = {
  parent: namespace
  name: name
  properties: {
    // The longest that there is: a document of many pages needs few renewals, and a pause of the host loses no lock.
    lockDuration: 'PT5M'
    maxDeliveryCount: maxDeliveryCount
    // Event Grid repeats what was not acknowledged, with the same message id. A longer window costs throughput.
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT10M'
    // Whoever comes back from a long outage finds what waited too long, instead of nothing.
    deadLetteringOnMessageExpiration: true
    defaultMessageTimeToLive: timeToLive
  }
}

resource receiver 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for user in users: {
    name: guid(queue.id, user.principalId, receiverRoleId)
    scope: queue
    properties: {
      principalId: user.principalId
      principalType: user.principalType
      roleDefinitionId: receiverRoleId
    }
  }
]

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for user in users: {
    name: guid(queue.id, user.principalId, senderRoleId)
    scope: queue
    properties: {
      principalId: user.principalId
      principalType: user.principalType
      roleDefinitionId: senderRoleId
    }
  }
]
