// An account of Azure AI services. It has no key: callers are identities with a role.

import { principal } from '../security/types.bicep'

@description('Name of the account, and of its subdomain, which cannot change.')
@minLength(2)
@maxLength(64)
param name string

@description('Region of the account.')
param location string

@description('Tags of the account.')
param tags { *: string }

@description('Service that the account offers.')
param kind string

@description('Tier of the account.')
param sku string

@description('Id of the built-in role that allows calls to the service.')
@minLength(36)
@maxLength(36)
param userRoleId string

@description('Whether it answers from the internet, or in the network alone.')
param publicNetworkAccess 'Enabled' | 'Disabled'

@description('Those who may call the service.')
param users principal[]

@description('Resource id of the workspace that takes the audit log.')
param workspaceId string

@description('Resource id of the role.')
var userRoleDefinitionId = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', userRoleId)

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: kind
  sku: {
    name: sku
  }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: publicNetworkAccess
  }
}

resource userRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for user in users: {
    name: guid(account.id, user.principalId, userRoleDefinitionId)
    scope: account
    properties: {
      principalId: user.principalId
      principalType: user.principalType
      roleDefinitionId: userRoleDefinitionId
    }
  }
]

resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: account
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

@description('Address of the service.')
output endpoint string = account.properties.endpoint
