// Processes documents: a function app on Flex Consumption, which scales by the length of the queue.

import { storageAccount, storageNames } from '../core/data/storage.bicep'
import { identity as workloadIdentity } from '../core/security/types.bicep'
import { instanceSettings } from '../profiles.bicep'

@description('Name of the function app.')
@minLength(2)
@maxLength(60)
param name string

@description('Name of the plan, which holds this app alone.')
@minLength(1)
@maxLength(40)
param planName string

@description('Region of the app.')
param location string

@description('Tags of the app.')
param tags { *: string }

@description('Environment type, which the app reads.')
param environmentType 'dev' | 'prod'

@description('Identity of the app.')
param identity workloadIdentity

@description('Memory and number of instances.')
param settings instanceSettings

@description('The storage account of documents, package and host.')
param storage storageAccount

@description('Host of the Service Bus namespace.')
param serviceBusHost string

@description('Host of the Event Hubs namespace.')
param eventHubsHost string

@description('Address of the Azure OpenAI account.')
param openAiEndpoint string

@description('Name of the model deployment.')
param modelDeploymentName string

@description('Address of the Document Intelligence account.')
param documentIntelligenceEndpoint string

@description('Where telemetry is sent.')
param applicationInsightsConnectionString string

@description('Resource id of the workspace that takes the log of the host.')
param workspaceId string

@description('What scales on its own, and so is kept ready on its own: the HTTP functions together, each other function alone.')
var scaleGroups = [
  'http'
  'function:process_document'
  'function:record_result'
]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: settings.zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'processor' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.resourceId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // Also what receives a deployment: closed, it would shut out `azd deploy`.
    publicNetworkAccess: 'Enabled'
    siteConfig: {
      http20Enabled: true
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.blobEndpoint}${storageNames.deployments}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.resourceId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.12'
      }
      scaleAndConcurrency: {
        alwaysReady: settings.alwaysReady == 0
          ? []
          : map(scaleGroups, group => { name: group, instanceCount: settings.alwaysReady })
        instanceMemoryMB: settings.memoryInMb
        maximumInstanceCount: settings.maximumCount
      }
    }
  }

  // Deployments come with Entra ID: no password is left, neither of FTP nor of the deployment endpoint.
  resource ftpCredentials 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scmCredentials 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: {
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.clientId}'
      APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
      AZURE_CLIENT_ID: identity.clientId
      AZURE_DOCUMENT_INTELLIGENCE_ENDPOINT: documentIntelligenceEndpoint
      AZURE_OPENAI_DEPLOYMENT: modelDeploymentName
      AZURE_OPENAI_ENDPOINT: openAiEndpoint
      AzureWebJobsStorage__blobServiceUri: storage.blobEndpoint
      AzureWebJobsStorage__clientId: identity.clientId
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__queueServiceUri: storage.queueEndpoint
      AzureWebJobsStorage__tableServiceUri: storage.tableEndpoint
      ENVIRONMENT_TYPE: environmentType
      EVENT_HUBS_NAMESPACE: eventHubsHost
      EventHubs__clientId: identity.clientId
      EventHubs__credential: 'managedidentity'
      EventHubs__fullyQualifiedNamespace: eventHubsHost
      OTEL_SERVICE_NAME: 'processor'
      // The host passes the trace on; the app itself says where its own telemetry goes.
      PYTHON_ENABLE_OPENTELEMETRY: 'true'
      SERVICE_BUS_NAMESPACE: serviceBusHost
      STORAGE_BLOB_ENDPOINT: storage.blobEndpoint
      STORAGE_TABLE_ENDPOINT: storage.tableEndpoint
      ServiceBus__clientId: identity.clientId
      ServiceBus__credential: 'managedidentity'
      ServiceBus__fullyQualifiedNamespace: serviceBusHost
    }
  }
}

resource hostLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'host'
  scope: app
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

@description('Name of the function app.')
output name string = app.name

@description('Address of the API.')
output uri string = 'https://${app.properties.defaultHostName}'
