// Tells the queue `documents` of each blob in the container `incoming`. The topic's own identity delivers, so its roles
// are here and not with what they are on: it exists only after the storage account, and before the subscription.

import { queueNames } from 'service-bus.bicep'
import { storageNames } from '../data/storage.bicep'

@description('Name of the system topic.')
@minLength(3)
@maxLength(128)
param name string

@description('Region of the storage account, which must be that of the topic.')
param location string

@description('Tags of the topic.')
param tags { *: string }

@description('Name of the storage account.')
param storageAccountName string

@description('Name of the Service Bus namespace.')
param serviceBusName string

@description('Resource id of the workspace that takes the audit log.')
param workspaceId string

@description('Id of the built-in role Azure Service Bus Data Sender.')
var queueSenderRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
)

@description('Id of the built-in role Storage Blob Data Contributor.')
var blobContributorRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
)

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource undeliveredEvents 'containers' existing = {
      name: storageNames.undeliveredEvents
    }
  }
}

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' existing = {
  name: serviceBusName

  resource documents 'queues' existing = {
    name: queueNames.documents
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource queueSender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(namespace::documents.id, topic.id, queueSenderRoleId)
  scope: namespace::documents
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: queueSenderRoleId
  }
}

resource undeliveredWriter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs::undeliveredEvents.id, topic.id, blobContributorRoleId)
  scope: account::blobs::undeliveredEvents
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: blobContributorRoleId
  }
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'documents'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: {
      includedEventTypes: [
        'Microsoft.Storage.BlobCreated'
      ]
      subjectBeginsWith: '/blobServices/default/containers/${storageNames.incoming}/'
    }
    deliveryWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      destination: {
        endpointType: 'ServiceBusQueue'
        properties: {
          resourceId: namespace::documents.id
        }
      }
    }
    // A day of attempts outlasts most outages of the queue; what is still undelivered then is kept.
    retryPolicy: {
      eventTimeToLiveInMinutes: 1440
      maxDeliveryAttempts: 30
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          blobContainerName: storageNames.undeliveredEvents
          resourceId: account.id
        }
      }
    }
  }
  dependsOn: [
    queueSender
    undeliveredWriter
  ]
}

resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: topic
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}
