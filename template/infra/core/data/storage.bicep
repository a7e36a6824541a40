// Holds the documents, their results and states, the deployed package, and what the Functions host keeps for itself.

import { storageSettings } from '../../profile-types.bicep'
import { principal } from '../security/types.bicep'

@export()
@description('What others need to know of the storage account.')
@sealed()
type storageAccount = {
  @description('Resource id.')
  id: string

  @description('Name.')
  name: string

  @description('Address of the blobs, with a slash at its end.')
  blobEndpoint: string

  @description('Address of the queues, with a slash at its end.')
  queueEndpoint: string

  @description('Address of the tables, with a slash at its end.')
  tableEndpoint: string
}

@export()
@description('Names of the containers and of the table; the code of the pipeline has the same ones.')
var storageNames = {
  deployments: 'deployments'
  documents: 'documents'
  incoming: 'incoming'
  results: 'results'
  undeliveredEvents: 'undelivered-events'
}

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param name string

@description('Region of the account.')
param location string

@description('Tags of the account.')
param tags { *: string }

@description('Redundancy and retention.')
param settings storageSettings

@description('Whether the account answers from the internet. Shared keys are off either way.')
param publicNetworkAccess 'Enabled' | 'Disabled'

@description('The identity of the function app.')
param processor principal

@description('Developers, who may read and write documents and states.')
param developers principal[]

@description('Resource id of the workspace that takes the audit log.')
param workspaceId string

@description('Who has which role on blobs. The host leases blobs and keeps checkpoints in containers that it makes itself: its role is Owner, on the whole account.')
var blobGrants = [
  {
    user: processor
    roleId: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
  }
  ...map(developers, developer => {
    user: developer
    roleId: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
  })
]

@description('Id of the built-in role Storage Table Data Contributor.')
var tableContributorRoleId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
)

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: settings.sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    networkAcls: {
      // Event Grid writes what it cannot deliver as a trusted service: it has no way into a private network.
      bypass: 'AzureServices'
      defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny'
    }
    publicNetworkAccess: publicNetworkAccess
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      containerDeleteRetentionPolicy: {
        enabled: true
        days: settings.deletedRetentionInDays
      }
      deleteRetentionPolicy: {
        enabled: true
        days: settings.deletedRetentionInDays
      }
    }

    resource container 'containers' = [
      for container in [
        storageNames.deployments
        storageNames.incoming
        storageNames.results
        storageNames.undeliveredEvents
      ]: {
        name: container
        properties: {
          publicAccess: 'None'
        }
      }
    ]
  }

  resource queues 'queueServices' = {
    name: 'default'
  }

  resource tables 'tableServices' = {
    name: 'default'

    resource documents 'tables' = {
      name: storageNames.documents
    }
  }

  // Results are the product and stay; what came in is needed only as long as somebody may want it processed again.
  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          for rule in [
            { container: storageNames.incoming, days: settings.incomingRetentionInDays }
            { container: storageNames.undeliveredEvents, days: settings.undeliveredRetentionInDays }
          ]: {
            name: 'delete-${rule.container}'
            type: 'Lifecycle'
            definition: {
              actions: {
                baseBlob: {
                  delete: {
                    daysAfterModificationGreaterThan: rule.days
                  }
                }
              }
              filters: {
                blobTypes: [
                  'blockBlob'
                ]
                prefixMatch: [
                  '${rule.container}/'
                ]
              }
            }
          }
        ]
      }
    }
  }
}

resource blobRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in blobGrants: {
    name: guid(
      account.id,
      grant.user.principalId,
      subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.roleId)
    )
    scope: account
    properties: {
      principalId: grant.user.principalId
      principalType: grant.user.principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.roleId)
    }
  }
]

resource tableRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for user in [processor, ...developers]: {
    name: guid(account::tables::documents.id, user.principalId, tableContributorRoleId)
    scope: account::tables::documents
    properties: {
      principalId: user.principalId
      principalType: user.principalType
      roleDefinitionId: tableContributorRoleId
    }
  }
]

resource blobAuditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account::blobs
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

resource queueAuditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account::queues
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

resource tableAuditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account::tables
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

@description('What others need to know of the account.')
output account storageAccount = {
  id: account.id
  name: account.name
  blobEndpoint: account.properties.primaryEndpoints.blob
  queueEndpoint: account.properties.primaryEndpoints.queue
  tableEndpoint: account.properties.primaryEndpoints.table
}
